-- Lines that fit no format, by reason: what is not understood?
-- $from timestamp
-- $to timestamp
SELECT source, parse_error, count(*) AS n, min(raw) AS example
FROM logs
WHERE ts >= $from AND ts < $to AND format = 'unparsed'
GROUP BY source, parse_error
ORDER BY n DESC, source, parse_error
LIMIT 100
