-- Error rate by country: where do requests fail more than elsewhere?
-- $from timestamp
-- $to timestamp
-- $service text = null
-- $host text = null
-- $path text = null
-- $as_org text = null
WITH cells AS (
  SELECT country,
    count(*) AS n,
    count(*) FILTER (WHERE status >= 500) AS k
  FROM logs
  WHERE ts >= $from AND ts < $to AND status IS NOT NULL
    AND ($service IS NULL OR service = $service)
    AND ($host IS NULL OR host = $host)
    AND ($path IS NULL OR path = $path)
    AND ($as_org IS NULL OR as_org = $as_org)
  GROUP BY country
), parent AS (
  SELECT CAST(sum(k) AS DOUBLE) / sum(n) AS parent_rate FROM cells
)
SELECT country,
  n,
  k,
  CAST(k AS DOUBLE) / n AS rate,
  wilson_low(k, n) AS lo,
  wilson_high(k, n) AS hi,
  shrunk_rate(k, n, parent_rate, 200) AS shrunk,
  k - n * parent_rate AS excess,
  parent_rate
FROM cells CROSS JOIN parent
ORDER BY excess DESC, n DESC, country
