-- Scenes of an actor in which another one is not, pauses of ten seconds bridged, the oldest film first; by name or nconst.
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
), cuts AS (
    SELECT one.film, one.start_s AS scene_s, two.start_s AS cut_s, two.end_s AS after_s FROM scenes AS one
    JOIN scenes AS two ON one.film = two.film AND one.start_s < two.end_s AND two.start_s < one.end_s
    WHERE one.person = 1 AND two.person = 2
    UNION ALL
    SELECT film, start_s AS scene_s, end_s AS cut_s, end_s AS after_s FROM scenes WHERE person = 1
), pieces AS (
    SELECT film, coalesce(lag(after_s) OVER (PARTITION BY film, scene_s ORDER BY cut_s, after_s), scene_s) AS start_s,
        cut_s AS end_s
    FROM cuts
)
SELECT library.title, library.year, film, round(pieces.start_s, 3) AS start_s, round(pieces.end_s, 3) AS end_s,
    round(pieces.end_s - pieces.start_s, 3) AS seconds
FROM pieces
JOIN library USING (film)
WHERE pieces.end_s > pieces.start_s AND EXISTS (
    SELECT 1 FROM own WHERE is_actor AND own.film = pieces.film
        AND own.start_s < pieces.end_s AND pieces.start_s < own.end_s
)
ORDER BY coalesce(library.year, 9999), library.title, film, start_s
