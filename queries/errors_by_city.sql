-- Error rate by city: the 5,000 cities with most requests, with their place on the map.
-- $from timestamp
-- $to timestamp
-- $country text = null
-- $region text = null
-- $service text = null
-- $host text = null
-- $path text = null
-- $as_org text = null
WITH cells AS (
  SELECT country, region, city,
    CAST(max(lat) AS DOUBLE) AS lat,
    CAST(max(lon) AS DOUBLE) AS lon,
    count(*) AS n,
    count(*) FILTER (WHERE status >= 500) AS k
  FROM logs
  WHERE ts >= $from AND ts < $to AND status IS NOT NULL
    AND ($country IS NULL OR country = $country)
    AND ($region IS NULL OR region = $region)
    AND ($service IS NULL OR service = $service)
    AND ($host IS NULL OR host = $host)
    AND ($path IS NULL OR path = $path)
    AND ($as_org IS NULL OR as_org = $as_org)
  GROUP BY country, region, city
), parent AS (
  SELECT CAST(sum(k) AS DOUBLE) / sum(n) AS parent_rate FROM cells
)
SELECT country, region, city, lat, lon,
  n,
  k,
  CAST(k AS DOUBLE) / n AS rate,
  wilson_low(k, n) AS lo,
  wilson_high(k, n) AS hi,
  shrunk_rate(k, n, parent_rate, 200) AS shrunk,
  k - n * parent_rate AS excess,
  parent_rate
FROM (SELECT * FROM cells ORDER BY n DESC, country, region, city LIMIT 5000) AS cells CROSS JOIN parent
ORDER BY excess DESC, n DESC, country, region, city
