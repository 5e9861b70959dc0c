-- Disk in use by host: how full is it?
-- $from timestamp
-- $to timestamp
SELECT host, max(disk_used_pct) AS used_pct, count(*) AS n
FROM host_metrics
WHERE ts >= $from AND ts < $to
GROUP BY host
ORDER BY used_pct DESC, host
