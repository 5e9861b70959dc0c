-- Requests, errors and error rate over time: since when does it fail?
-- $from timestamp
-- $to timestamp
-- $bucket_s int = 300
-- $country text = null
-- $region text = null
-- $city text = null
-- $service text = null
-- $host text = null
-- $path text = null
-- $as_org text = null
SELECT
  to_timestamp_micros(CAST(ts AS BIGINT) / ($bucket_s * 1000000) * ($bucket_s * 1000000)) AS t,
  count(*) AS n,
  count(*) FILTER (WHERE status >= 500) AS k,
  CAST(count(*) FILTER (WHERE status >= 500) AS DOUBLE) / count(*) AS rate
FROM logs
WHERE ts >= $from AND ts < $to AND status IS NOT NULL
  AND ($country IS NULL OR country = $country)
  AND ($region IS NULL OR region = $region)
  AND ($city IS NULL OR city = $city)
  AND ($service IS NULL OR service = $service)
  AND ($host IS NULL OR host = $host)
  AND ($path IS NULL OR path = $path)
  AND ($as_org IS NULL OR as_org = $as_org)
GROUP BY t
ORDER BY t
