-- The first instant of each film at which two actors are in the picture at once, the oldest film first; by name or nconst.
SELECT library.title, library.year, one.film, round(min(greatest(one.start_s, two.start_s)), 3) AS first_s
FROM appearances AS one
JOIN appearances AS two ON one.film = two.film AND one.start_s < two.end_s AND two.start_s < one.end_s
JOIN library ON library.film = one.film
WHERE one.kind = 'cast' AND two.kind = 'cast'
    AND (lower(one.actor) = lower($actor) OR one.nconst = $actor)
    AND (lower(two.actor) = lower($other) OR two.nconst = $other)
GROUP BY library.title, library.year, one.film
ORDER BY coalesce(library.year, 9999), library.title, one.film
