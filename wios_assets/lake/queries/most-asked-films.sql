-- Films by the number of questions asked about them.
SELECT p.film, any_value(l.title) AS title, count(*) AS questions, max(p.asked_at) AS last_asked_at,
    round(avg(p.duration_ms), 1) AS mean_duration_ms
FROM prediction_log p LEFT JOIN library l ON l.film = p.film
GROUP BY p.film ORDER BY questions DESC, p.film
