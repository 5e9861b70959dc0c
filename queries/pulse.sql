-- Requests, errors, denials, failed sign-ins and slow answers of a window: how is it?
-- $from timestamp
-- $to timestamp
-- $country text = null
-- $region text = null
-- $city text = null
-- $service text = null
-- $host text = null
-- $path text = null
-- $as_org text = null
SELECT
  count(*) AS lines,
  count(status) AS n,
  count(*) FILTER (WHERE status >= 500) AS k,
  CAST(count(*) FILTER (WHERE status >= 500) AS DOUBLE) / nullif(count(status), 0) AS rate,
  wilson_low(count(*) FILTER (WHERE status >= 500), count(status)) AS lo,
  wilson_high(count(*) FILTER (WHERE status >= 500), count(status)) AS hi,
  count(*) FILTER (WHERE error_class = 'app') AS app_errors,
  count(*) FILTER (WHERE error_class = 'deny') AS denied,
  count(*) FILTER (WHERE error_class = 'auth') AS auth_failed,
  count(duration_us) AS n_timed,
  CAST(approx_percentile_cont(duration_us, 0.95) AS DOUBLE) / 1000 AS p95_ms
FROM logs
WHERE ts >= $from AND ts < $to
  AND ($country IS NULL OR country = $country)
  AND ($region IS NULL OR region = $region)
  AND ($city IS NULL OR city = $city)
  AND ($service IS NULL OR service = $service)
  AND ($host IS NULL OR host = $host)
  AND ($path IS NULL OR path = $path)
  AND ($as_org IS NULL OR as_org = $as_org)
