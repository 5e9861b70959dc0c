-- CPU, load and memory of the hosts over time: is it the machine?
-- $from timestamp
-- $to timestamp
-- $bucket_s int = 300
SELECT
  date_bin(INTERVAL '1 second' * $bucket_s, ts, TIMESTAMP '1970-01-01T00:00:00') AS t,
  host,
  avg(cpu_pct) AS cpu_pct,
  avg(load1) AS load1,
  avg(mem_used_pct) AS mem_used_pct
FROM host_metrics
WHERE ts >= $from AND ts < $to
GROUP BY t, host
ORDER BY t, host
