"""The tables over all films, in the group `refined`: what each holds.

They are made of the films' own tables by `wios refine`, or by a sensor while `wios ui` runs. None is partitioned: where
a row belongs to a film, `film` is an ordinary column. Times are seconds on the player's clock.
"""

from __future__ import annotations

from wios_assets.columns import INT, LONG, REAL, TEXT, Table, table

REFINED = "refined"
"""Folder of these tables in the lake, and their schema in the library."""

OUTLIERS = "outliers"
"""Folder of the plots in the folder of exports."""

ACTOR_SCREEN_TIME = table(
    "refined/actor_screen_time",
    "a cast member in a film",
    ("actor", TEXT, "Cast member"),
    ("nconst", TEXT, "IMDB's key of the person, if known"),
    ("year", INT, "Year of the film's release, if known"),
    ("film", TEXT, "Film"),
    ("title", TEXT, "The film's title"),
    ("character", TEXT, "Character played, if known"),
    ("seconds", REAL, "Seconds on screen"),
    ("share", REAL, "Share of the film, 0 to 1"),
    ("rank", INT, "Rank by seconds among the film's cast, from 1"),
    ("first_minute", INT, "Minute of the first appearance, from 0"),
    ("last_minute", INT, "Minute of the last appearance, from 0"),
    ("scenes", INT, "Scenes: appearances with pauses of at most ten seconds"),
    by_film=False,
)
CHARACTER_PRESENCE = table(
    "refined/character_presence",
    "a tenth of a film and a cast member who is on screen in it",
    ("film", TEXT, "Film"),
    ("tenth", INT, "Tenth of the film, from 0 to 9"),
    ("actor", TEXT, "Cast member"),
    ("nconst", TEXT, "IMDB's key of the person, if known"),
    ("character", TEXT, "Character played, if known"),
    ("seconds", REAL, "Seconds on screen in this tenth"),
    ("share", REAL, "Share of this tenth, 0 to 1"),
    by_film=False,
)
FILM_PAIRS = table(
    "refined/film_pairs",
    "two cast members who are on screen at the same time in a film",
    ("film", TEXT, "Film"),
    ("year", INT, "Year of the film's release, if known"),
    ("actor", TEXT, "The one whose name comes first by code points"),
    ("nconst", TEXT, "IMDB's key of that person, if known"),
    ("other", TEXT, "The other one"),
    ("other_nconst", TEXT, "IMDB's key of the other person, if known"),
    ("seconds", REAL, "Seconds on screen at the same time"),
    ("scenes", INT, "Scenes: such stretches with pauses of at most ten seconds"),
    ("first_s", REAL, "First instant at which both are on screen, seconds"),
    by_film=False,
)
CO_APPEARANCES = table(
    "refined/co_appearances",
    "two cast members who are on screen at the same time in any film; people with the same nconst, or without one the "
    "same name, are the same",
    ("actor", TEXT, "The one whose nconst or name comes first"),
    ("nconst", TEXT, "IMDB's key of that person, if known"),
    ("other", TEXT, "The other one"),
    ("other_nconst", TEXT, "IMDB's key of the other person, if known"),
    ("seconds", REAL, "Seconds on screen at the same time, over all films"),
    ("scenes", LONG, "Scenes together, over all films"),
    ("films", INT, "Films with both on screen at the same time"),
    ("first_film", TEXT, "Film of the earliest year in which they meet; films without a year come last"),
    ("first_s", REAL, "Instant of that film at which they meet, seconds"),
    by_film=False,
)
FILM_STATISTICS = table(
    "refined/film_statistics",
    "a finished film with its figures",
    ("film", TEXT, "Film"),
    ("title", TEXT, "Title"),
    ("year", INT, "Year of release, if known"),
    ("duration_s", REAL, "Length in seconds"),
    ("people", INT, "Cast members seen"),
    ("unknown_people", INT, "People seen that are not in the cast"),
    ("shots", INT, "Number of shots"),
    ("cuts_per_minute", REAL, "Cuts in a minute of film"),
    ("samples", LONG, "Samples"),
    ("faces_per_sample", REAL, "Faces in a sample, on average"),
    ("named_share", REAL, "Share of the tracks' seconds that has a name, 0 to 1; null without tracks"),
    ("unknown_share", REAL, "Share of the tracks' seconds of people without a name, 0 to 1; null without tracks"),
    ("weak_share", REAL, "Share of the tracks' seconds that say nothing, 0 to 1; null without tracks"),
    ("unreadable_share", REAL, "Share of the samples that could not be read, 0 to 1"),
    ("mean_probability", REAL, "Mean probability of the names, weighted by seconds; null without names"),
    ("reviews", INT, "Named tracks that somebody reviewed"),
    ("reviews_right", INT, "How many of those names were right"),
    ("engine", TEXT, "Engine that made the embeddings; null without faces"),
    ("speed", REAL, "Seconds of film that a second of its analysis took in; null where it was not measured"),
    ("model_hash", TEXT, "Hash of the models behind the embeddings"),
    ("state", TEXT, "Identifies the film's tables and decisions that its rows in all tables of this group rest on"),
    by_film=False,
)
FILM_OUTLIERS = table(
    "refined/film_outliers",
    "a figure of a film that is far from those of the other films",
    ("film", TEXT, "Film"),
    ("title", TEXT, "Title"),
    ("year", INT, "Year of release, if known"),
    ("figure", TEXT, "Column of film_statistics"),
    ("value", REAL, "Its value"),
    ("median", REAL, "Median over all films"),
    ("robust_z", REAL, "Distance from the median in units of 1.4826 median absolute deviations"),
    ("mean", REAL, "Mean over all films"),
    ("z", REAL, "Distance from the mean in standard deviations; null where all films are equal"),
    ("films", INT, "Films that have this figure"),
    ("sentence", TEXT, "What is unusual, and why where that is known"),
    ("picture", TEXT, "File of the film's plot"),
    by_film=False,
)
ACTOR_OUTLIERS = table(
    "refined/actor_outliers",
    "a film in which a figure of a cast member is far from the same person's other films",
    ("actor", TEXT, "Cast member"),
    ("nconst", TEXT, "IMDB's key of the person, if known"),
    ("film", TEXT, "Film"),
    ("title", TEXT, "Title"),
    ("year", INT, "Year of release, if known"),
    ("figure", TEXT, "Column of actor_screen_time"),
    ("value", REAL, "Its value"),
    ("median", REAL, "Median over the person's films"),
    ("robust_z", REAL, "Distance from the median in units of 1.4826 median absolute deviations"),
    ("mean", REAL, "Mean over the person's films"),
    ("z", REAL, "Distance from the mean in standard deviations; null where all films are equal"),
    ("films", INT, "Films of the person"),
    ("sentence", TEXT, "What is unusual"),
    ("picture", TEXT, "File of the actor's plot"),
    by_film=False,
)
REFINED_TABLES: tuple[Table, ...] = (
    ACTOR_SCREEN_TIME,
    CHARACTER_PRESENCE,
    FILM_PAIRS,
    CO_APPEARANCES,
    FILM_STATISTICS,
    FILM_OUTLIERS,
    ACTOR_OUTLIERS,
)
