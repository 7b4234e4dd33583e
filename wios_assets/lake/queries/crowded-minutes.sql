-- The minutes in which most people are on screen, in all films.
SELECT library.title, minute.film, minute.clock, count(*) AS people, count(*) FILTER (minute.kind = 'cast') AS named
FROM minute_appearances AS minute
LEFT JOIN library USING (film)
GROUP BY ALL
ORDER BY people DESC, minute.film, minute.clock
LIMIT 50
