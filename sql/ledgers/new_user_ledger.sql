-- Purpose: who is new, and which channel is credited: the first event of a device for a product, for ever.
-- Grain: one entry, +1 or -1; the signs of a device sum to 0 or 1. Entries are never edited.
-- Late data: an event that is read later but comes first in the order takes the credit over: two entries.
CREATE EXTERNAL TABLE new_user_ledger (
    product STRING NOT NULL,
    device STRING NOT NULL,
    channel STRING,
    sub_channel STRING,
    click_id STRING,
    event STRING NOT NULL,
    event_time TIMESTAMP NOT NULL,
    clock_rule STRING NOT NULL,
    hour TIMESTAMP NOT NULL,
    day DATE NOT NULL,
    zone STRING NOT NULL,
    brand STRING,
    model STRING,
    os STRING,
    os_ver STRING,
    app_ver STRING,
    app_build STRING,
    app_pkg STRING,
    tie BINARY
)
STORED AS LEDGER
PARTITIONED BY (product, posted_day)
LOCATION 'new_user_ledger'
OPTIONS (
    'key' 'product, device',
    'order' 'received, event_time, tie, channel'
);
