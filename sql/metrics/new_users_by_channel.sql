-- Purpose: each channel's part of a product's new users on a business day.
-- Grain: product, day in the product's zone, channel; users without a channel are in the denominator.
-- Late data: counts on its own day and moves all shares of that day; complete as in new_users_daily.
CREATE VIEW new_users_by_channel AS
SELECT
    product,
    channel,
    day,
    zone,
    new_users,
    sum(new_users) OVER (PARTITION BY product, day) AS new_users_of_product,
    CAST(new_users AS DOUBLE)
        / sum(new_users) OVER (PARTITION BY product, day) AS share,
    as_of,
    complete
FROM new_users_daily;
