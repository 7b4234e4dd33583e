-- People whom IMDB credits in most films with a person, and how often; the person by name or nconst.
WITH own AS (
    SELECT DISTINCT credit.tconst, credit.nconst
    FROM imdb.title_principals AS credit
    JOIN imdb.title_basics AS title USING (tconst)
    WHERE credit.nconst IN (
        SELECT nconst FROM imdb.name_basics WHERE nconst = $actor OR lower(primary_name) = lower($actor)
    ) AND title.title_type IN ('movie', 'tvMovie', 'short', 'video')
)
SELECT person.primary_name AS name, other.nconst, count(DISTINCT own.tconst) AS films,
       list_sort(list(DISTINCT other.category)) AS categories
FROM own
JOIN imdb.title_principals AS other ON other.tconst = own.tconst AND other.nconst <> own.nconst
LEFT JOIN imdb.name_basics AS person ON person.nconst = other.nconst
GROUP BY person.primary_name, other.nconst
ORDER BY films DESC, name, other.nconst
LIMIT 50
