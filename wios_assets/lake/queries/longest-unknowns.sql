-- The people without a name who are longest on screen, in all films.
SELECT library.title, screen_time.film, screen_time.actor, round(screen_time.seconds, 3) AS seconds,
       screen_time.share, screen_time.appearances, screen_time.first_minute, screen_time.last_minute
FROM screen_time
LEFT JOIN library USING (film)
WHERE screen_time.kind = 'unknown'
ORDER BY seconds DESC, screen_time.film, screen_time.actor
LIMIT 50
