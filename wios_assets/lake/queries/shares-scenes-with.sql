-- Who is on screen at the same time as an actor, and for how many seconds; the actor by name or nconst.
SELECT other.actor, other.kind, round(sum(least(own.end_s, other.end_s) - greatest(own.start_s, other.start_s)), 3)
       AS seconds, count(DISTINCT own.film) AS films, list_sort(list(DISTINCT own.film)) AS film_keys
FROM appearances AS own
JOIN appearances AS other
  ON other.film = own.film AND other.actor <> own.actor AND other.start_s < own.end_s AND own.start_s < other.end_s
WHERE own.nconst = $actor OR lower(own.actor) = lower($actor)
GROUP BY other.actor, other.kind, CASE WHEN other.kind = 'unknown' THEN own.film END
ORDER BY seconds DESC, other.actor
