-- Error rate by path: which pages fail more than the others?
-- $from timestamp
-- $to timestamp
-- $country text = null
-- $region text = null
WITH cells AS (
  SELECT path,
    count(*) AS n,
    count(*) FILTER (WHERE status >= 500) AS k
  FROM logs
  WHERE ts >= $from AND ts < $to AND status IS NOT NULL
    AND ($country IS NULL OR country = $country)
    AND ($region IS NULL OR region = $region)
  GROUP BY path
), parent AS (
  SELECT CAST(sum(k) AS DOUBLE) / sum(n) AS parent_rate FROM cells
)
SELECT path,
  n,
  k,
  CAST(k AS DOUBLE) / n AS rate,
  wilson_low(k, n) AS lo,
  wilson_high(k, n) AS hi,
  k - n * parent_rate AS excess,
  parent_rate
FROM cells CROSS JOIN parent
ORDER BY excess DESC, n DESC, path
LIMIT 50
