-- Failed sign-ins by country: who guesses passwords?
-- $from timestamp
-- $to timestamp
SELECT country, count(*) AS n, count(DISTINCT client_ip) AS addresses, count(DISTINCT user_name) AS users
FROM logs
WHERE ts >= $from AND ts < $to AND error_class = 'auth'
GROUP BY country
ORDER BY n DESC, country
