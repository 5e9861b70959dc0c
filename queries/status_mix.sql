-- Status mix: how do requests end?
-- $from timestamp
-- $to timestamp
-- $country text = null
-- $region text = null
SELECT status, count(*) AS n
FROM logs
WHERE ts >= $from AND ts < $to AND status IS NOT NULL
  AND ($country IS NULL OR country = $country)
  AND ($region IS NULL OR region = $region)
GROUP BY status
ORDER BY n DESC, status
