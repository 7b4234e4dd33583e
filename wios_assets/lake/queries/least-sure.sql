-- The named appearances of a film that are least sure, to look at first; the film by key, title or tconst.
SELECT appearance.film, appearance.start_s, appearance.end_s, appearance.actor, appearance.probability,
       appearance.distance, appearance.runner_up, appearance.runner_up_distance
FROM appearances AS appearance
JOIN library USING (film)
WHERE (library.film = $film OR lower(library.title) = lower($film) OR library.tconst = $film)
  AND appearance.kind = 'cast'
ORDER BY appearance.probability NULLS FIRST, appearance.start_s, appearance.actor
LIMIT 50
