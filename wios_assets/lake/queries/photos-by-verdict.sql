-- How many photos of each actor are used, and why the others are not, fewest usable ones first.
SELECT photo.actor, photo.nconst, count(DISTINCT photo.photo_hash) FILTER (photo.verdict = 'used') AS used,
       count(DISTINCT photo.photo_hash) AS photos,
       list_sort(list(DISTINCT photo.verdict) FILTER (photo.verdict <> 'used')) AS other_verdicts
FROM gallery_photos AS photo
GROUP BY photo.actor, photo.nconst
ORDER BY used, photo.actor, photo.nconst
