"""The views that dashboards read. Each gives names and titles, so that a chart needs no join."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A view: its name, what one row is, its query with double quotes around names that are keywords."""

    name: str
    row: str
    sql: str


VIEWS = (
    View(
        "film_overview",
        "a film with its figures",
        """
        SELECT l.film, l.title, l.year, l.duration_s / 60 AS minutes, l.present, l.people, l.unknown_people,
            l.appearances, l.named_seconds, s.shots, s.cuts_per_minute, s.named_share, s.unknown_share, s.weak_share,
            s.unreadable_share, s.mean_probability, s.reviews, s.reviews_right,
            s.engine, s.speed
        FROM library l LEFT JOIN film_statistics s ON s.film = l.film
        """,
    ),
    View(
        "film_minutes",
        "a film, a minute and a person in it",
        """
        SELECT m.film, f.title, f.year, m.minute, m.clock, m.actor, m.kind, m.nconst, m."character", m.seconds, m.share,
            m.mean_probability
        FROM minute_appearances m JOIN film f ON f.film = m.film
        """,
    ),
    View(
        "actor_overview",
        "a cast member with the sums over all films",
        """
        SELECT actor, nconst, COUNT(*) AS films, SUM(seconds) AS seconds, AVG(share) AS mean_share,
            SUM(scenes) AS scenes, MIN(year) AS first_year, MAX(year) AS last_year
        FROM actor_screen_time GROUP BY actor, nconst
        """,
    ),
    View(
        "actor_years",
        "a cast member and a year of release",
        """
        SELECT actor, nconst, year, COUNT(*) AS films, SUM(seconds) AS seconds, AVG(share) AS mean_share
        FROM actor_screen_time WHERE year IS NOT NULL GROUP BY actor, nconst, year
        """,
    ),
    View(
        "people_together",
        "two cast members who are on screen at the same time in any film",
        """
        SELECT actor, other, nconst, other_nconst, films, scenes, seconds, seconds / 60 AS minutes, first_film
        FROM co_appearances
        """,
    ),
    View(
        "all_outliers",
        "a figure of a film, or of a cast member in a film, that is far from the others",
        """
        SELECT 'film' AS kind, NULL AS actor, film, title, year, figure, value, median, robust_z, sentence
        FROM film_outliers
        UNION ALL
        SELECT 'actor' AS kind, actor, film, title, year, figure, value, median, robust_z, sentence
        FROM actor_outliers
        """,
    ),
    View(
        "asked_films",
        "a film with the questions about it",
        """
        SELECT p.film, MAX(l.title) AS title, COUNT(*) AS questions, MAX(p.asked_at) AS last_asked_at,
            AVG(p.duration_ms) AS mean_duration_ms
        FROM prediction_log p LEFT JOIN library l ON l.film = p.film GROUP BY p.film
        """,
    ),
    View(
        "asked_hours",
        "a day and an hour (UTC) with the questions asked in it",
        """
        SELECT asked_day, asked_hour, COUNT(*) AS questions, COUNT(DISTINCT film) AS films
        FROM (
            SELECT CAST({asked_at} AS DATE) AS asked_day, EXTRACT(HOUR FROM {asked_at}) AS asked_hour, film
            FROM prediction_log
        ) questions
        GROUP BY asked_day, asked_hour
        """,
    ),
)
"""The published views; `{asked_at}` stands for the time of a question in UTC."""
