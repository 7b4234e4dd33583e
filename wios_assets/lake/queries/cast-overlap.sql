-- People whom IMDB credits on screen in both of two films, each film by tconst or title.
WITH credits AS (
    SELECT list_contains(names, lower($film)) AS in_first, list_contains(names, lower($other_film)) AS in_second,
           credit.nconst, array_to_string(credit.characters, ' / ') AS character
    FROM (
        SELECT tconst, [lower(tconst), lower(primary_title), lower(original_title)] AS names FROM imdb.title_basics
        WHERE title_type NOT IN ('tvEpisode', 'tvSeries', 'videoGame')
    ) AS title
    JOIN imdb.title_principals AS credit USING (tconst)
    WHERE (in_first OR in_second) AND credit.category IN ('actor', 'actress', 'self')
)
SELECT person.primary_name AS actor, credits.nconst, string_agg(DISTINCT character, ' / ') FILTER (in_first) AS in_film,
       string_agg(DISTINCT character, ' / ') FILTER (in_second) AS in_other_film
FROM credits
LEFT JOIN imdb.name_basics AS person USING (nconst)
GROUP BY person.primary_name, credits.nconst
HAVING bool_or(in_first) AND bool_or(in_second)
ORDER BY actor, credits.nconst
