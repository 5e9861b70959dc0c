-- Lines received: does anything come in at all?
-- $from timestamp
-- $to timestamp
SELECT CAST(count(*) AS DOUBLE) AS value, count(*) AS n
FROM logs
WHERE observed_ts >= $from AND observed_ts < $to
