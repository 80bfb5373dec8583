-- How far the pipeline of the logs has read each topic partition: where the books are cut.
SELECT topic_id, "partition", next_offset
FROM system.positions
WHERE pipeline = 'mobile_events' AND topic_id IS NOT NULL
