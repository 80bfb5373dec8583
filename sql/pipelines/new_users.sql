-- Purpose: the events that can make a device a new user; test traffic never does.
-- Grain: one event. The ledger asks for tie and the attributes only where a credit could change.
-- Late data: the ledger's order decides, not the order of arrival.
INSERT INTO new_user_ledger
SELECT
    product,
    device,
    channel,
    sub_channel,
    click_id,
    event,
    event_time,
    clock_rule,
    hour,
    day,
    zone,
    brand,
    model,
    os,
    os_ver,
    app_ver,
    app_build,
    app_pkg,
    CASE WHEN event_id IS NULL THEN tie ELSE tie(event_id, NULL) END AS tie
FROM events
WHERE event IN ('install', 'activate', 'launch') AND NOT test;
