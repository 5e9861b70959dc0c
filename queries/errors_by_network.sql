-- Error rate by network: which providers do the failures come from?
-- $from timestamp
-- $to timestamp
-- $country text = null
-- $region text = null
WITH cells AS (
  SELECT as_org,
    count(*) AS n,
    count(*) FILTER (WHERE status >= 500) AS k
  FROM logs
  WHERE ts >= $from AND ts < $to AND status IS NOT NULL
    AND ($country IS NULL OR country = $country)
    AND ($region IS NULL OR region = $region)
  GROUP BY as_org
), parent AS (
  SELECT CAST(sum(k) AS DOUBLE) / sum(n) AS parent_rate FROM cells
)
SELECT as_org,
  n,
  k,
  CAST(k AS DOUBLE) / n AS rate,
  wilson_low(k, n) AS lo,
  wilson_high(k, n) AS hi,
  k - n * parent_rate AS excess,
  parent_rate
FROM cells CROSS JOIN parent
ORDER BY excess DESC, n DESC, as_org
LIMIT 50
