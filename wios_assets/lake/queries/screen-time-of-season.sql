-- How long each cast member is on screen over the episodes of a season or series; their keys begin with PREFIX, such as 'Fargo (2014) S01'.
WITH episode AS (
    SELECT film, duration_s FROM library
    WHERE starts_with(film, $prefix) AND regexp_matches(film, ' (S\d{2,4})?E\d{2,4}(-E\d{2,4})?$')
)
SELECT any_value(screen_time.actor ORDER BY screen_time.film) AS actor, screen_time.nconst,
       string_agg(DISTINCT screen_time.character, ' / ') AS characters,
       round(sum(screen_time.seconds), 3) AS seconds,
       round(sum(screen_time.seconds) / (SELECT sum(duration_s) FROM episode), 4) AS share,
       sum(screen_time.appearances)::BIGINT AS appearances, count(DISTINCT screen_time.film) AS episodes
FROM screen_time
JOIN episode USING (film)
WHERE screen_time.kind = 'cast'
GROUP BY coalesce(screen_time.nconst, screen_time.actor), screen_time.nconst
ORDER BY seconds DESC, actor
