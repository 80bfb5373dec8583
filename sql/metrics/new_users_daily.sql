-- Purpose: new users by product and channel on the business day of their first event.
-- Grain: product, channel, day in the product's zone, which stands beside it.
-- Late data: counts on its own day; complete says that no source, of whatever product, is expected to
--   bring more records received on that day. Events that phones send later still count on it.
CREATE VIEW new_users_daily AS
WITH counted AS (
    SELECT product, channel, day, zone, sum(credit) AS new_users
    FROM new_user_ledger
    GROUP BY product, channel, day, zone
    HAVING sum(credit) <> 0
)
SELECT
    product,
    channel,
    day,
    zone,
    new_users,
    as_of,
    coalesce(day < business_day(watermark, zone), false) AS complete
FROM counted CROSS JOIN reading_progress;
