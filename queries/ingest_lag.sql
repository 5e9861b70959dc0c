-- Seconds from a line's time to its arrival, by source: how late are we told?
-- $from timestamp
-- $to timestamp
SELECT source, count(*) AS n,
  approx_percentile_cont(CAST(CAST(observed_ts AS BIGINT) - CAST(ts AS BIGINT) AS DOUBLE) / 1000000, 0.9) AS lag_s
FROM logs
WHERE observed_ts >= $from AND observed_ts < $to
GROUP BY source
ORDER BY lag_s DESC, source
