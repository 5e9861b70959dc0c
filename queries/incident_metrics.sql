-- Incidents by team, rule and week: how often, how fast, how often for nothing?
-- $from timestamp
-- $to timestamp
SELECT team, rule_id,
  date_trunc('week', to_timestamp_micros(opened_us)) AS week,
  count(*) AS n,
  sum(n_escalations) AS escalations,
  median(CAST(first_acked_us - first_sent_us AS DOUBLE) / 1000000) AS mtta_median_s,
  approx_percentile_cont(CAST(first_acked_us - first_sent_us AS DOUBLE) / 1000000, 0.9) AS mtta_p90_s,
  count(first_acked_us) AS mtta_n,
  median(CAST(closed_us - opened_us AS DOUBLE) / 1000000) AS mttr_median_s,
  approx_percentile_cont(CAST(closed_us - opened_us AS DOUBLE) / 1000000, 0.9) AS mttr_p90_s,
  count(closed_us) AS mttr_n,
  count(*) FILTER (WHERE class = 'action') AS actionable,
  count(class) AS classed
FROM incidents
WHERE kind NOT IN ('bundle', 'delivery')
  AND to_timestamp_micros(opened_us) >= $from AND to_timestamp_micros(opened_us) < $to
GROUP BY team, rule_id, week
ORDER BY week, team, n DESC, rule_id
