-- Scenes of an actor that last so many seconds or more, pauses of ten seconds bridged, the longest first; by name or nconst.
WITH reached AS (
    SELECT film, start_s, end_s, max(end_s) OVER (
        PARTITION BY film ORDER BY start_s ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS before_s
    FROM appearances
    WHERE kind = 'cast' AND end_s > start_s AND (lower(actor) = lower($actor) OR nconst = $actor)
), numbered AS (
    SELECT *, count(*) FILTER (WHERE before_s IS NULL OR start_s > before_s + 10)
        OVER (PARTITION BY film ORDER BY start_s) AS scene FROM reached
), scenes AS (
    SELECT film, min(start_s) AS start_s, max(end_s) AS end_s FROM numbered GROUP BY film, scene
)
SELECT library.title, library.year, film, round(scenes.start_s, 3) AS start_s, round(scenes.end_s, 3) AS end_s,
    round(scenes.end_s - scenes.start_s, 3) AS seconds
FROM scenes
JOIN library USING (film)
WHERE scenes.end_s - scenes.start_s >= $seconds::DOUBLE
ORDER BY seconds DESC, film, start_s
