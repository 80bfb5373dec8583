-- Records and elements read, elements filtered on purpose, and rows that do not add up.
SELECT coalesce(sum(records), 0), coalesce(sum(elements), 0), coalesce(sum(filtered), 0),
       coalesce(sum(CASE WHEN balanced THEN 0 ELSE 1 END), 0)
FROM system.conservation
