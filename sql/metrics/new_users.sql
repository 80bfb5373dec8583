-- Purpose: each new user with the credit in force and its evidence.
-- Grain: one device of a product.
-- Late data: a device appears when its first event is read; its row changes if the credit moves.
CREATE VIEW new_users AS
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
    received,
    position,
    kind,
    posted_at,
    entry
FROM new_user_ledger AS taken
WHERE sign = 1
  AND NOT EXISTS (
      SELECT 1 FROM new_user_ledger AS back WHERE back.takes_back = taken.entry
  );
