-- Firewall denials by country: who knocks?
-- $from timestamp
-- $to timestamp
SELECT country, count(*) AS n, count(DISTINCT client_ip) AS addresses, count(DISTINCT server_port) AS ports
FROM logs
WHERE ts >= $from AND ts < $to AND error_class = 'deny'
GROUP BY country
ORDER BY n DESC, country
