-- The people that IMDB credits on screen in a film, in billing order; the film by tconst or title.
SELECT title.primary_title AS title, title.start_year AS year, credit.ordering, person.primary_name AS actor,
       credit.nconst, credit.category, array_to_string(credit.characters, ' / ') AS characters
FROM imdb.title_basics AS title
JOIN imdb.title_principals AS credit USING (tconst)
LEFT JOIN imdb.name_basics AS person USING (nconst)
WHERE (title.tconst = $film OR lower(title.primary_title) = lower($film) OR lower(title.original_title) = lower($film))
  AND title.title_type NOT IN ('tvEpisode', 'tvSeries', 'videoGame')
  AND credit.category IN ('actor', 'actress', 'self')
ORDER BY year NULLS LAST, title.tconst, credit.ordering
