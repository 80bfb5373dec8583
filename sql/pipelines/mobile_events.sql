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
        envelope,
        gunzip_if(try_aes_decrypt(unbase64(envelope.payload), envelope.key_id), 1048576) AS body
    FROM opened
),
elements_of AS (
    SELECT
        received,
        CASE
            WHEN envelope.payload IS NULL THEN 'malformed'
            WHEN NOT key_known(envelope.key_id) THEN 'unknown key'
            WHEN body IS NULL THEN 'cannot decrypt'
        END AS unreadable,
        unnest_outer(elements(from_json(body, 'ARRAY<STRUCT<
            event_id STRING, app_key STRING, event STRING, time BIGINT, send_time BIGINT,
            channel STRUCT<id STRING, sub STRING, click_id STRING>,
            device STRUCT<oaid STRING, android_id STRING, model STRING, brand STRING, os STRING, os_ver STRING>,
            app STRUCT<ver STRING, build STRING, pkg STRING>,
            test STRING>>'), body)) AS l
    FROM plain
),
logs AS (
    SELECT
        unreadable,
        l.raw AS raw,
        l.value AS e,
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
    e.event_id AS event_id,
    event_time,
    clock_rule,
    date_trunc('hour', event_time) AS hour,
    business_day(event_time, p.zone) AS day,
    coalesce(e.test = 'true', false) AS test,
    e.device.model AS model,
    e.device.brand AS brand,
    e.device.os AS os,
    e.device.os_ver AS os_ver,
    e.app.ver AS app_ver,
    e.app.build AS app_build,
    e.app.pkg AS app_pkg,
    p.zone,
    CASE WHEN e.event_id IS NULL THEN tie(NULL, raw) END AS tie,
    CASE
        WHEN unreadable IS NOT NULL THEN unreadable
        WHEN e IS NULL OR e.event IS NULL OR e.test NOT IN ('true', 'false') THEN 'malformed'
        WHEN p.product IS NULL THEN 'unknown app_key'
        WHEN business_day(event_time, p.zone) IS NULL THEN 'unknown zone'
        WHEN device IS NULL THEN 'bad device id'
    END AS reject
FROM logs
LEFT JOIN products p ON p.app_key = e.app_key;
