-- Newest line of each source, and how steadily it is heard: has one fallen silent?
-- $from timestamp
-- $to timestamp
SELECT source,
  count(*) AS n,
  min(observed_ts) AS oldest,
  max(observed_ts) AS newest,
  count(DISTINCT CAST(observed_ts AS BIGINT) / 300000000) AS slots
FROM logs
WHERE observed_ts >= $from AND observed_ts < $to
GROUP BY source
ORDER BY newest, source
