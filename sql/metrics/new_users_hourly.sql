-- Purpose: new users by product and channel in the hour of their first event.
-- Grain: product, channel, hour (UTC). A channel whose credits have all moved away has no row.
-- Late data: counts in its own hour; complete says that no source, of whatever product, is expected to
--   bring more records received in that hour. Events that phones send later still count in it.
CREATE VIEW new_users_hourly AS
WITH counted AS (
    SELECT product, channel, hour, sum(credit) AS new_users
    FROM new_user_ledger
    GROUP BY product, channel, hour
    HAVING sum(credit) <> 0
)
SELECT
    product,
    channel,
    hour,
    new_users,
    as_of,
    coalesce(hour + INTERVAL '1 hour' <= watermark, false) AS complete
FROM counted CROSS JOIN reading_progress;
