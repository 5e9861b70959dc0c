-- Top paths by server errors: what fails?
-- $from timestamp
-- $to timestamp
-- $country text = null
-- $region text = null
SELECT path,
  count(*) AS n,
  count(*) FILTER (WHERE status >= 500) AS k,
  CAST(count(*) FILTER (WHERE status >= 500) AS DOUBLE) / count(*) AS rate
FROM logs
WHERE ts >= $from AND ts < $to AND status IS NOT NULL
  AND ($country IS NULL OR country = $country)
  AND ($region IS NULL OR region = $region)
GROUP BY path
ORDER BY k DESC, n DESC, path
LIMIT 50
