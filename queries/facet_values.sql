-- The most frequent services, hosts, paths and networks of a window: what is there to choose from?
-- $from timestamp
-- $to timestamp
-- $country text = null
-- $region text = null
-- $service text = null
-- $host text = null
-- $path text = null
-- $as_org text = null
WITH requests AS (
  SELECT service, host, path, as_org, status
  FROM logs
  WHERE ts >= $from AND ts < $to AND status IS NOT NULL
    AND ($country IS NULL OR country = $country)
    AND ($region IS NULL OR region = $region)
), counted AS (
  SELECT 'service' AS facet, service AS value, count(*) AS n, count(*) FILTER (WHERE status >= 500) AS k
  FROM requests
  WHERE ($host IS NULL OR host = $host) AND ($path IS NULL OR path = $path) AND ($as_org IS NULL OR as_org = $as_org)
  GROUP BY service
  UNION ALL
  SELECT 'host', host, count(*), count(*) FILTER (WHERE status >= 500)
  FROM requests
  WHERE ($service IS NULL OR service = $service) AND ($path IS NULL OR path = $path) AND ($as_org IS NULL OR as_org = $as_org)
  GROUP BY host
  UNION ALL
  SELECT 'path', path, count(*), count(*) FILTER (WHERE status >= 500)
  FROM requests
  WHERE ($service IS NULL OR service = $service) AND ($host IS NULL OR host = $host) AND ($as_org IS NULL OR as_org = $as_org)
  GROUP BY path
  UNION ALL
  SELECT 'as_org', as_org, count(*), count(*) FILTER (WHERE status >= 500)
  FROM requests
  WHERE ($service IS NULL OR service = $service) AND ($host IS NULL OR host = $host) AND ($path IS NULL OR path = $path)
  GROUP BY as_org
), ranked AS (
  SELECT facet, value, n, k,
    row_number() OVER (PARTITION BY facet ORDER BY k DESC, n DESC, value) AS place
  FROM counted
  WHERE value IS NOT NULL
)
SELECT facet, value, n, k, CAST(k AS DOUBLE) / n AS rate
FROM ranked
WHERE place <= 30
ORDER BY facet, place
