-- Errors by hour of the day and day of the week (UTC): does it repeat?
-- $from timestamp
-- $to timestamp
-- $country text = null
-- $service text = null
-- $host text = null
-- $path text = null
-- $as_org text = null
SELECT
  CAST(date_part('isodow', ts) AS INT) AS weekday,
  CAST(date_part('hour', ts) AS INT) AS hour,
  count(*) AS n,
  count(*) FILTER (WHERE status >= 500) AS k,
  CAST(count(*) FILTER (WHERE status >= 500) AS DOUBLE) / count(*) AS rate
FROM logs
WHERE ts >= $from AND ts < $to AND status IS NOT NULL
  AND ($country IS NULL OR country = $country)
  AND ($service IS NULL OR service = $service)
  AND ($host IS NULL OR host = $host)
  AND ($path IS NULL OR path = $path)
  AND ($as_org IS NULL OR as_org = $as_org)
GROUP BY weekday, hour
ORDER BY weekday, hour
