-- Scenes in which two actors are both on screen, pauses of ten seconds bridged, the oldest film first; by name or nconst.
WITH own AS (
    SELECT film, lower(actor) = lower($actor) OR coalesce(nconst = $actor, false) AS is_actor,
        lower(actor) = lower($other) OR coalesce(nconst = $other, false) AS is_other, start_s, end_s
    FROM appearances WHERE kind = 'cast' AND end_s > start_s
), spans AS (
    SELECT film, 1 AS person, start_s, end_s FROM own WHERE is_actor
    UNION ALL
    SELECT film, 2 AS person, start_s, end_s FROM own WHERE is_other
), reached AS (
    SELECT *, max(end_s) OVER (
        PARTITION BY film, person ORDER BY start_s ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS before_s FROM spans
), numbered AS (
    SELECT *, count(*) FILTER (WHERE before_s IS NULL OR start_s > before_s + 10)
        OVER (PARTITION BY film, person ORDER BY start_s) AS scene FROM reached
), scenes AS (
    SELECT film, person, min(start_s) AS start_s, max(end_s) AS end_s FROM numbered GROUP BY film, person, scene
)
SELECT library.title, library.year, film, round(greatest(one.start_s, two.start_s), 3) AS start_s,
    round(least(one.end_s, two.end_s), 3) AS end_s,
    round(least(one.end_s, two.end_s) - greatest(one.start_s, two.start_s), 3) AS seconds
FROM scenes AS one
JOIN scenes AS two USING (film)
JOIN library USING (film)
WHERE one.person = 1 AND two.person = 2 AND one.start_s < two.end_s AND two.start_s < one.end_s
ORDER BY coalesce(library.year, 9999), library.title, film, start_s
