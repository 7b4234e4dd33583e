-- Cast members who were never seen, in billing order, with the number of their usable photos; by key, title or tconst.
SELECT member.film, member.billing, member.actor, member.character, count(photo.photo) AS usable_photos
FROM "cast" AS member
JOIN library USING (film)
LEFT JOIN gallery_photos AS photo
  ON photo.film = member.film AND photo.actor = member.actor AND photo.verdict = 'used'
WHERE (library.film = $film OR lower(library.title) = lower($film) OR library.tconst = $film)
  AND NOT EXISTS (FROM screen_time AS seen WHERE seen.film = member.film AND seen.actor = member.actor)
GROUP BY ALL
ORDER BY member.film, member.billing
