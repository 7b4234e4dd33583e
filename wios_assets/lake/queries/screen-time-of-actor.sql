-- How long an actor is on screen in each film; the actor by name or nconst.
SELECT library.title, library.year, screen_time.film, screen_time.character, screen_time.rank,
       round(screen_time.seconds, 3) AS seconds, screen_time.share, screen_time.appearances
FROM screen_time
LEFT JOIN library USING (film)
WHERE screen_time.nconst = $actor OR lower(screen_time.actor) = lower($actor)
ORDER BY seconds DESC, screen_time.film
