-- Films and series that IMDB credits a person in, by year; the person by name or nconst.
WITH person AS (
    SELECT nconst FROM imdb.name_basics WHERE nconst = $actor OR lower(primary_name) = lower($actor)
)
SELECT title.start_year AS year, title.primary_title AS title, title.title_type, credit.category,
       array_to_string(credit.characters, ' / ') AS characters, title.tconst, credit.nconst
FROM imdb.title_principals AS credit
JOIN imdb.title_basics AS title USING (tconst)
WHERE credit.nconst IN (SELECT nconst FROM person) AND title.title_type <> 'tvEpisode'
ORDER BY year NULLS LAST, title, credit.nconst, credit.ordering
