-- Purpose: new users by product and channel on the business day of their first event.
-- Grain: product, channel, day in the product's zone, which stands beside it.
-- Late data: counts on its own day; complete says that no source is expected to bring more records
--   received on that day, day-late ones excluded.
CREATE VIEW new_users_daily AS
WITH progress AS (
    -- Unknown for one source is unknown.
    SELECT
        CASE WHEN count(*) = count(as_of) THEN min(as_of) END AS as_of,
        CASE WHEN count(*) = count(watermark) THEN min(watermark) END AS watermark
    FROM source_progress
),
counted AS (
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
FROM counted CROSS JOIN progress;
