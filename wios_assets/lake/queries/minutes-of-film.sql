-- A film minute by minute, with who is on screen, the longest first; the film by key, title or tconst.
SELECT minute.film, minute.minute, minute.clock,
       string_agg(minute.actor, ', ' ORDER BY minute.kind, minute.seconds DESC, minute.actor) AS people,
       count(*) FILTER (minute.kind = 'cast') AS named
FROM minute_appearances AS minute
JOIN library USING (film)
WHERE library.film = $film OR lower(library.title) = lower($film) OR library.tconst = $film
GROUP BY ALL
ORDER BY minute.film, minute.minute
