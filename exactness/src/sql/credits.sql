-- The credit in force of every device.
SELECT product, device, channel, hour FROM new_users
