-- Purpose: the product that an app key belongs to, and the time zone that its business day is cut in.
-- Grain: one app key: the latest record of it in a compacted topic. A record without value deletes.
-- Late data: an event is joined to the row that is known when it is read; one without is a dead letter.
CREATE EXTERNAL TABLE products (
    app_key STRING,
    product STRING NOT NULL,
    zone STRING NOT NULL,
    PRIMARY KEY (app_key)
)
STORED AS UPSERT_KAFKA
LOCATION '${products_topic:-products}';
