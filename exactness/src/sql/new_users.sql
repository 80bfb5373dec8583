-- New users by product, channel and hour.
SELECT product, channel, hour, new_users FROM new_users_hourly
