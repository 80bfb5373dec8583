-- Purpose: every event of every source, opened and cleaned, with the evidence where it came from.
-- Grain: one element of one record; retried records are kept, with their event_id.
-- Late data: rows lie in the hour in which they arrived (arrival_hour); hour is that of event_time.
CREATE EXTERNAL TABLE events (
    product STRING NOT NULL,
    device STRING NOT NULL,
    channel STRING,
    sub_channel STRING,
    click_id STRING,
    event STRING NOT NULL,
    event_id STRING,
    event_time TIMESTAMP NOT NULL,
    clock_rule STRING NOT NULL,
    hour TIMESTAMP NOT NULL,
    day DATE NOT NULL,
    test BOOLEAN NOT NULL,
    model STRING,
    brand STRING,
    os STRING,
    os_ver STRING,
    app_ver STRING,
    app_build STRING,
    app_pkg STRING,
    zone STRING NOT NULL,
    tie BINARY
)
STORED AS DELTA
PARTITIONED BY (product, arrival_hour)
LOCATION 'events';
