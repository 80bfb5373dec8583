-- Purpose: new users by product, hour after hour: of the hour, of its business day so far, and ever.
-- Grain: product, hour (UTC) in which a credit is in force; an imported base counts 0.
-- Late data: counts in its own hour and thus in all later sums; complete says that no source, of
--   whatever product, is expected to bring more records received up to the end of that hour. Events
--   that phones send later still count.
CREATE VIEW new_users_cumulative AS
WITH counted AS (
    SELECT product, day, hour, zone, sum(credit) AS new_users
    FROM new_user_ledger
    GROUP BY product, day, hour, zone
    HAVING sum(credit) <> 0
)
SELECT
    product,
    day,
    hour,
    zone,
    new_users,
    sum(new_users) OVER (PARTITION BY product, day ORDER BY hour) AS new_users_today,
    sum(new_users) OVER (PARTITION BY product ORDER BY hour, day) AS new_users_ever,
    as_of,
    coalesce(hour + INTERVAL '1 hour' <= watermark, false) AS complete
FROM counted CROSS JOIN reading_progress;
