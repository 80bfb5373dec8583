-- Purpose: encrypted logs of the mobile SDK, as its collector wrote them to Kafka.
-- Grain: one record, which holds the events of one upload.
-- Late data: phones send when they can, but a record's Kafka timestamp is never late: lateness is 0.
CREATE EXTERNAL TABLE mobile
STORED AS KAFKA
LOCATION '${mobile_topic}'
OPTIONS ('lateness' '0 s');
