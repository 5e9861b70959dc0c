-- Requests by country: where do they come from?
-- $from timestamp
-- $to timestamp
SELECT country, count(*) AS n
FROM logs
WHERE ts >= $from AND ts < $to AND status IS NOT NULL
GROUP BY country
ORDER BY n DESC, country
