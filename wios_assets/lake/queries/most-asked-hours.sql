-- Hours of the day by the number of questions, on this machine's clock.
SELECT extract(hour FROM asked_at) AS asked_hour, count(*) AS questions, count(DISTINCT film) AS films
FROM prediction_log GROUP BY asked_hour ORDER BY questions DESC, asked_hour
