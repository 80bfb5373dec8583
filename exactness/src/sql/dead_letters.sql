-- Dead letters in force, by reason.
SELECT reason, sum(sign) FROM dead_letters GROUP BY reason
