-- Share of requests that came encrypted, by host: is somebody talking in the open?
-- $from timestamp
-- $to timestamp
SELECT host,
  count(*) AS n,
  count(*) FILTER (WHERE tls IS NOT NULL OR server_port = 443) AS k,
  CAST(count(*) FILTER (WHERE tls IS NOT NULL OR server_port = 443) AS DOUBLE) / count(*) AS rate
FROM logs
WHERE ts >= $from AND ts < $to AND status IS NOT NULL AND (tls IS NOT NULL OR server_port IN (80, 443))
GROUP BY host
ORDER BY rate, n DESC, host
