-- Credits that moved to another event.
SELECT count(*) FROM new_user_ledger WHERE sign = -1
