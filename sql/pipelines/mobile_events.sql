-- Purpose: opens the records of the mobile SDK: base64, AES-GCM, gzip where it is, a JSON array of events.
-- Grain: one element of one record. What can't become an event is a dead letter; its reason is the first
--   that applies of: malformed (the envelope, no payload), unknown key, cannot decrypt (nor inflate to
--   1 MiB at the most), malformed (the payload, more than 65,536 elements, an element, one whose test is
--   neither true nor false: it must not count by mistake), unknown app_key, unknown zone (the product's),
--   bad device id.
-- Late data: kept as any other; event_time follows the clock rule, and hour and day follow event_time.
INSERT INTO events
WITH opened AS (
    SELECT received, from_json(value, 'key_id STRING, payload STRING') AS envelope
    FROM mobile
),
plain AS (
    SELECT
        received,
        envelope.payload IS NULL AS has_no_payload,
        key_known(envelope.key_id) AS has_known_key,
        gunzip_if(try_aes_decrypt(unbase64(envelope.payload), envelope.key_id), 1048576) AS body
    FROM opened
),
elements_of AS (
    SELECT
        received,
        has_no_payload,
        has_known_key,
        body IS NULL AS is_closed,
        unnest_outer(elements(from_json(body, 'ARRAY<STRUCT<
            event_id STRING, app_key STRING, event STRING, time BIGINT, send_time BIGINT,
            channel STRUCT<id STRING, sub STRING, click_id STRING>,
            device STRUCT<oaid STRING, android_id STRING, model STRING, brand STRING, os STRING, os_ver STRING>,
            app STRUCT<ver STRING, build STRING, pkg STRING>,
            test STRING>>'), body)) AS l
    FROM plain
),
-- What the CASEs below ask is made a column of its own here: a CASE copies the columns that it names, for
-- each of its branches that holds for some row, and payloads and elements are large.
logs AS (
    SELECT
        has_no_payload,
        has_known_key,
        is_closed,
        l.value IS NULL OR l.value.event IS NULL OR l.value.test NOT IN ('true', 'false') AS is_malformed,
        l.raw AS raw,
        l.value AS e,
        l.value.event_id AS event_id,
        canonical_device(l.value.device.oaid, l.value.device.android_id) AS device,
        event_time(l.value.time, l.value.send_time, received) AS event_time,
        clock_rule(l.value.time, l.value.send_time, received) AS clock_rule
    FROM elements_of
)
SELECT
    p.product,
    device,
    e.channel.id AS channel,
    e.channel.sub AS sub_channel,
    e.channel.click_id AS click_id,
    e.event AS event,
    event_id,
    event_time,
    clock_rule,
    date_trunc('hour', event_time) AS hour,
    business_day(event_time, p.zone) AS day,
    e.test IS NOT DISTINCT FROM 'true' AS test,
    e.device.model AS model,
    e.device.brand AS brand,
    e.device.os AS os,
    e.device.os_ver AS os_ver,
    e.app.ver AS app_ver,
    e.app.build AS app_build,
    e.app.pkg AS app_pkg,
    p.zone,
    CASE WHEN event_id IS NULL THEN tie(NULL, raw) END AS tie,
    CASE
        WHEN has_no_payload THEN 'malformed'
        WHEN NOT has_known_key THEN 'unknown key'
        WHEN is_closed THEN 'cannot decrypt'
        WHEN is_malformed THEN 'malformed'
        WHEN p.product IS NULL THEN 'unknown app_key'
        WHEN business_day(event_time, p.zone) IS NULL THEN 'unknown zone'
        WHEN device IS NULL THEN 'bad device id'
    END AS reject
FROM logs
LEFT JOIN products p ON p.app_key = e.app_key;
