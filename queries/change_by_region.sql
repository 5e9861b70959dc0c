-- Change of the error rate by region of one country between two windows.
-- $from timestamp
-- $to timestamp
-- $base_from timestamp
-- $base_to timestamp
-- $country text
-- $service text = null
-- $host text = null
-- $path text = null
-- $as_org text = null
WITH requests AS (
  SELECT country, region, status, ts >= $from AND ts < $to AS is_now
  FROM logs
  WHERE status IS NOT NULL
    AND country = $country
    AND ($service IS NULL OR service = $service)
    AND ($host IS NULL OR host = $host)
    AND ($path IS NULL OR path = $path)
    AND ($as_org IS NULL OR as_org = $as_org)
    AND ((ts >= $from AND ts < $to) OR (ts >= $base_from AND ts < $base_to))
), cells AS (
  SELECT country, region,
    count(*) FILTER (WHERE is_now) AS n,
    count(*) FILTER (WHERE is_now AND status >= 500) AS k,
    count(*) FILTER (WHERE NOT is_now) AS base_n,
    count(*) FILTER (WHERE NOT is_now AND status >= 500) AS base_k
  FROM requests
  GROUP BY country, region
), parent AS (
  SELECT
    CAST(sum(k) AS DOUBLE) / nullif(sum(n), 0) AS parent_rate,
    CAST(sum(base_k) AS DOUBLE) / nullif(sum(base_n), 0) AS base_parent_rate
  FROM cells
), measured AS (
  SELECT country, region, n, k,
    CAST(k AS DOUBLE) / nullif(n, 0) AS rate,
    wilson_low(k, n) AS lo,
    wilson_high(k, n) AS hi,
    shrunk_rate(k, n, parent_rate, 200) AS shrunk,
    k - n * parent_rate AS excess,
    parent_rate,
    base_n, base_k,
    CAST(base_k AS DOUBLE) / nullif(base_n, 0) AS base_rate,
    shrunk_rate(base_k, base_n, base_parent_rate, 200) AS base_shrunk,
    two_proportion_z(k, n, base_k, base_n) AS z
  FROM cells CROSS JOIN parent
)
SELECT *,
  shrunk - base_shrunk AS change,
  n >= 200 AND base_n >= 200 AND abs(z) >= 2.58 AS significant
FROM measured
ORDER BY significant DESC, change DESC NULLS LAST, n DESC, country, region
