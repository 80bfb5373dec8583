-- Purpose: encrypted logs of the mobile SDK, as its collector wrote them to Kafka.
-- Grain: one record, which holds the events of one upload.
-- Late data: phones send when they can; the collector writes a record within a minute of its timestamp.
CREATE EXTERNAL TABLE mobile
STORED AS KAFKA
LOCATION '${mobile_topic:-mobile-logs}'
OPTIONS ('lateness' '1 minute');
