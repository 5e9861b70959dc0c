-- Requests and errors by hour: the shape of the day.
-- $from timestamp
-- $to timestamp
SELECT date_trunc('hour', ts) AS t,
  count(*) AS n,
  count(*) FILTER (WHERE status >= 500) AS k
FROM logs
WHERE ts >= $from AND ts < $to AND status IS NOT NULL
GROUP BY t
ORDER BY t
