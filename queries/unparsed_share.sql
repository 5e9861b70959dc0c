-- Share of lines that fit no format, by source: has a log changed its shape?
-- $from timestamp
-- $to timestamp
SELECT source,
  count(*) AS n,
  count(parse_error) AS k,
  CAST(count(parse_error) AS DOUBLE) / count(*) AS rate
FROM logs
WHERE ts >= $from AND ts < $to
GROUP BY source
ORDER BY rate DESC, n DESC, source
