-- Error rate by host: which server fails?
-- $from timestamp
-- $to timestamp
SELECT host,
  count(*) AS n,
  count(*) FILTER (WHERE status >= 500) AS k,
  CAST(count(*) FILTER (WHERE status >= 500) AS DOUBLE) / count(*) AS rate,
  wilson_low(count(*) FILTER (WHERE status >= 500), count(*)) AS lo,
  wilson_high(count(*) FILTER (WHERE status >= 500), count(*)) AS hi
FROM logs
WHERE ts >= $from AND ts < $to AND status IS NOT NULL
GROUP BY host
ORDER BY rate DESC, n DESC, host
