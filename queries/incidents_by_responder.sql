-- Incidents by responder and month: who carries how much?
-- $from timestamp
-- $to timestamp
SELECT date_trunc('month', to_timestamp_micros(opened_us)) AS month, acked_by AS responder, count(*) AS n
FROM incidents
WHERE acked_by IS NOT NULL AND kind <> 'bundle'
  AND to_timestamp_micros(opened_us) >= $from AND to_timestamp_micros(opened_us) < $to
GROUP BY month, responder
ORDER BY month, n DESC, responder
