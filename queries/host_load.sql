-- CPU, load and memory of the hosts over time: is it the machine?
-- $from timestamp
-- $to timestamp
-- $bucket_s int = 300
SELECT
  to_timestamp_micros(CAST(ts AS BIGINT) / ($bucket_s * 1000000) * ($bucket_s * 1000000)) AS t,
  host,
  avg(cpu_pct) AS cpu_pct,
  avg(load1) AS load1,
  avg(mem_used_pct) AS mem_used_pct
FROM host_metrics
WHERE ts >= $from AND ts < $to
GROUP BY t, host
ORDER BY t, host
