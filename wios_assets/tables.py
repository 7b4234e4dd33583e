"""What each table of the lake holds: column names, Arrow types, and what a value means.

Every table that belongs to a film has the column `film`, the partition key; in the lake it stands in the folder's
name (`<lake>/<table>/film=<key>/`), in data frames it is the first column. Times are seconds on the player's clock:
presentation time less the container's start time. Pixels are display coordinates (rotated upright, square pixels).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """A column: its Arrow type is named as Arrow prints it, so that questions about tables do without Arrow."""

    name: str
    type: str
    meaning: str

    @property
    def arrow_type(self) -> pa.DataType:
        return _arrow_types()[self.type]


@dataclass(frozen=True)
class Table:
    """A table of the lake: its name, what one row is, its columns."""

    name: str
    row: str
    columns: tuple[Column, ...]
    by_film: bool = True

    @property
    def every_column(self) -> tuple[Column, ...]:
        """The columns, `film` first where the table is partitioned by film."""
        key = Column("film", TEXT, "Film that the row belongs to, the partition key")
        return (key, *self.columns) if self.by_film else self.columns

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema, `film` first where the table is partitioned by film."""
        import pyarrow as pa

        return pa.schema([pa.field(c.name, c.arrow_type, metadata={"comment": c.meaning}) for c in self.every_column])

    @cached_property
    def stored_schema(self) -> pa.Schema:
        """Arrow schema of the files: the table's, without `film`, which stands in the folder's name."""
        return self.schema.remove(0) if self.by_film else self.schema


def _table(name: str, row: str, *columns: tuple[str, str, str], by_film: bool = True) -> Table:
    return Table(name, row, tuple(Column(*c) for c in columns), by_film)


TEXT, INT, LONG, REAL, SINGLE = "string", "int32", "int64", "double", "float"
FLAG, BYTES, WHEN = "bool", "binary", "timestamp[us, tz=UTC]"
VECTOR, TEXTS, LONGS, REALS = "list<item: float>", "list<item: string>", "list<item: int64>", "list<item: double>"
CANDIDATES = "list<item: struct<actor: string, probability: double>>"


@cache
def _arrow_types() -> dict[str, pa.DataType]:
    """Arrow types by the names above."""
    import pyarrow as pa

    return {
        TEXT: pa.string(),
        INT: pa.int32(),
        LONG: pa.int64(),
        REAL: pa.float64(),
        SINGLE: pa.float32(),
        FLAG: pa.bool_(),
        BYTES: pa.binary(),
        WHEN: pa.timestamp("us", tz="UTC"),
        VECTOR: pa.list_(pa.float32()),
        TEXTS: pa.list_(pa.string()),
        LONGS: pa.list_(pa.int64()),
        REALS: pa.list_(pa.float64()),
        CANDIDATES: pa.list_(pa.struct([("actor", pa.string()), ("probability", pa.float64())])),
    }


FILM = _table(
    "film",
    "one video file",
    ("path", TEXT, "Video file"),
    ("fingerprint", TEXT, "Content identity: size and spread chunks, hashed"),
    ("size_bytes", LONG, "File size"),
    ("title", TEXT, "Title, as IMDB or the sidecar has it, else from the file's name"),
    ("year", INT, "Year of release, if known"),
    ("tconst", TEXT, "IMDB's key of the title, if matched"),
    ("matched_by", TEXT, "How the title was found: sidecar, tag, nfo, title and year, other title and year, file name"),
    ("duration_s", REAL, "Length in seconds"),
    ("start_s", REAL, "Container's start time in seconds, taken off every time"),
    ("frame_rate", REAL, "Average frames per second"),
    ("width", INT, "Display width in pixels"),
    ("height", INT, "Display height in pixels"),
    ("rotation", INT, "Degrees the stored picture is turned for display"),
    ("codec", TEXT, "Video codec"),
    ("samples_per_second", REAL, "Samples taken for each second of film"),
)
CAST = _table(
    "cast",
    "a credited person of one film",
    ("billing", INT, "Place in the credits, from 1"),
    ("actor", TEXT, "Name, as IMDB calls the person or as the cast was given by hand"),
    ("nconst", TEXT, "IMDB's key of the person, if known"),
    ("character", TEXT, "Character played, if known"),
    ("source", TEXT, "Where the credit comes from: imdb, sidecar or nfo"),
    ("gallery_folder", TEXT, "Folder that holds the person's photos, if one was found"),
)
GALLERY_PHOTOS = _table(
    "gallery_photos",
    "a photo of a cast member with its verdict",
    ("actor", TEXT, "Person whose photo it is meant to be"),
    ("nconst", TEXT, "IMDB's key of the person, if known"),
    ("photo", TEXT, "Picture file"),
    ("photo_hash", TEXT, "SHA-256 of the file, hexadecimal"),
    (
        "verdict",
        TEXT,
        "used, or why not: no_face, undecidable, too_small, blurred, unlike, duplicate, unreadable",
    ),
    ("reason", TEXT, "The verdict in a sentence"),
    ("faces", INT, "Faces found in the photo"),
    ("left", REAL, "Chosen face: left edge in pixels"),
    ("top", REAL, "Chosen face: top edge in pixels"),
    ("right", REAL, "Chosen face: right edge in pixels"),
    ("bottom", REAL, "Chosen face: bottom edge in pixels"),
    ("width", INT, "Photo width in pixels"),
    ("height", INT, "Photo height in pixels"),
    ("thumbnail", BYTES, "Small JPEG of the photo, or of the chosen face"),
)
GALLERY_EMBEDDINGS = _table(
    "gallery_embeddings",
    "a usable face of a cast member",
    ("actor", TEXT, "Whose face it is"),
    ("nconst", TEXT, "IMDB's key of the person, if known"),
    ("photo", TEXT, "Picture file that it comes from"),
    ("photo_hash", TEXT, "SHA-256 of the file, hexadecimal"),
    ("quality", SINGLE, "Weight of the face among the actor's, 0 to 1"),
    ("embedding", VECTOR, "Face embedding"),
    ("engine", TEXT, "Engine that made the embedding"),
    ("model_hash", TEXT, "Hash of the models behind it; embeddings of two hashes are never compared"),
)
SHOTS = _table(
    "shots",
    "a stretch of film between two cuts",
    ("shot", INT, "Number in the film, from 0"),
    ("start_s", REAL, "First instant, seconds"),
    ("end_s", REAL, "Instant of the next cut or the film's end, seconds"),
    ("samples", INT, "Samples that lie in it"),
)
FRAME_SAMPLES = _table(
    "frame_samples",
    "a looked-at frame and what became of it",
    ("sample", LONG, "Number on the film's sampling grid, from 0"),
    ("time_s", REAL, "Instant of the grid point, seconds"),
    (
        "frame_s",
        REAL,
        "Presentation time of the frame on screen then, seconds; null if unreadable or before the first picture",
    ),
    ("shot", INT, "Shot that it lies in"),
    ("outcome", TEXT, "analysed, duplicate or unreadable"),
    ("duplicate_of", LONG, "Sample whose faces it inherits, where outcome is duplicate"),
    ("faces", INT, "Faces in it, inherited ones included"),
)
FACES = _table(
    "faces",
    "a face in one sample",
    ("face", LONG, "Number in the film"),
    ("sample", LONG, "Sample that it is in"),
    ("time_s", REAL, "Instant of the sample, seconds"),
    ("tracklet", LONG, "Stretch of the same face followed within one segment and shot"),
    ("left", SINGLE, "Left edge in pixels"),
    ("top", SINGLE, "Top edge in pixels"),
    ("right", SINGLE, "Right edge in pixels"),
    ("bottom", SINGLE, "Bottom edge in pixels"),
    ("score", SINGLE, "Detector's score; null where a near-duplicate sample inherited the face"),
    ("landmarks", VECTOR, "Eyes, nose, corners of the mouth: x and y in turn, pixels; empty where inherited"),
    ("sharpness", SINGLE, "Variance of the chip's Laplacian"),
    ("frontality", SINGLE, "1 for a face seen from the front, 0 for a profile"),
)
FACE_EMBEDDINGS = _table(
    "face_embeddings",
    "a face chip and its embedding",
    ("face", LONG, "Number of the face"),
    ("tracklet", LONG, "Stretch that the face belongs to"),
    ("quality", SINGLE, "Weight among its track's chips, 0 to 1: size, sharpness, pose, detector score"),
    ("embedding", VECTOR, "Face embedding"),
    ("engine", TEXT, "Engine that made the embedding"),
    ("model_hash", TEXT, "Hash of the models behind it"),
    ("chip", BYTES, "Face chip as JPEG, as the engine was given it"),
)
FACE_TRACKS = _table(
    "face_tracks",
    "the same face followed through a shot",
    ("track", LONG, "Number in the film, from 0"),
    ("shot", INT, "Shot that it lies in"),
    ("start_s", REAL, "First instant on screen, seconds"),
    ("end_s", REAL, "End of the last sample's time on screen, seconds"),
    ("samples", INT, "Samples with this face"),
    ("faces", LONGS, "Faces, in order of time"),
    ("embedded_faces", LONGS, "Faces that have an embedding, best first"),
    ("best_face", LONG, "Face with the best chip; null if none was embedded"),
    ("height_share", SINGLE, "Largest face height as a share of the frame height"),
    ("disagreement", REAL, "Largest distance between its embeddings before and after any instant; null below two"),
)
TRACK_NAMES = _table(
    "track_names",
    "a track with the name it was given, or why it was given none",
    ("track", LONG, "Number of the track"),
    ("actor", TEXT, "Cast member, or `unknown:<n>`; null where nothing can be said"),
    ("decision", TEXT, "named, unknown or weak"),
    ("probability", REAL, "Probability that the name is right, 0 to 1"),
    ("nearest", TEXT, "Cast member with the smallest distance"),
    ("distance", REAL, "Distance to the nearest cast member's gallery"),
    ("runner_up", TEXT, "Next cast member"),
    ("runner_up_distance", REAL, "Distance to the next cast member's gallery"),
    ("photos", TEXTS, "Photos of the nearest cast member that matched best"),
    ("reason", TEXT, "The decision in a sentence"),
    (
        "perhaps",
        CANDIDATES,
        "Likeliest cast members of an unnamed track, the likeliest first; empty where all are unlikely",
    ),
    ("numbers", LONGS, "Numbers n by which the person is, or was, `unknown:<n>`; the present one first"),
    ("time_s", REAL, "Best face: instant, seconds"),
    ("left", REAL, "Best face: left edge in pixels"),
    ("top", REAL, "Best face: top edge in pixels"),
    ("right", REAL, "Best face: right edge in pixels"),
    ("bottom", REAL, "Best face: bottom edge in pixels"),
    ("model_hash", TEXT, "Hash of the models behind the embeddings"),
    ("decisions", INT, "Revision of people's decisions on the film that it rests on; 0 for none"),
)
APPEARANCES = _table(
    "appearances",
    "an interval in which one person is on screen",
    ("appearance", LONG, "Number in the film, by start, from 0"),
    ("start_s", REAL, "First instant, seconds"),
    ("end_s", REAL, "End, seconds"),
    ("actor", TEXT, "Cast member, or `unknown:<n>`"),
    ("kind", TEXT, "cast or unknown"),
    ("nconst", TEXT, "IMDB's key of the person, if known"),
    ("character", TEXT, "Character played, if known"),
    ("shot", INT, "Shot that it lies in"),
    ("probability", REAL, "Probability that the name is right, 0 to 1"),
    ("distance", REAL, "Distance to the named actor's gallery; null for others"),
    ("runner_up", TEXT, "Next cast member"),
    ("runner_up_distance", REAL, "Distance to the next cast member's gallery"),
    ("tracks", LONGS, "Tracks that it is made of"),
    ("best_face", LONG, "Face with the best chip"),
    ("photos", TEXTS, "Photos that matched best"),
    ("reason", TEXT, "Why it has that name, in a sentence"),
    (
        "perhaps",
        CANDIDATES,
        "Likeliest cast members of an unknown person, the likeliest first; empty where all are unlikely",
    ),
    ("numbers", LONGS, "Numbers n by which the person is, or was, `unknown:<n>`; the present one first"),
    ("model_hash", TEXT, "Hash of the models behind the embeddings"),
    ("decisions", INT, "Revision of people's decisions on the film that it rests on; 0 for none"),
)
MINUTE_APPEARANCES = _table(
    "minute_appearances",
    "a film, a minute and a person in it",
    ("minute", INT, "Minute of the film, from 0"),
    ("clock", TEXT, "Start of the minute as hh:mm, zero-padded"),
    ("actor", TEXT, "Cast member, or `unknown:<n>`"),
    ("kind", TEXT, "cast or unknown"),
    ("nconst", TEXT, "IMDB's key of the person, if known"),
    ("character", TEXT, "Character played, if known"),
    ("seconds", REAL, "Seconds on screen within the minute, at most 60"),
    ("share", REAL, "Share of the minute (of what the film has of it), 0 to 1"),
    ("highest_probability", REAL, "Highest probability among the appearances"),
    ("mean_probability", REAL, "Mean probability, weighted by seconds"),
)
SCREEN_TIME = _table(
    "screen_time",
    "a film and a person in it",
    ("rank", INT, "Place by seconds on screen, from 1"),
    ("actor", TEXT, "Cast member, or `unknown:<n>`"),
    ("kind", TEXT, "cast or unknown"),
    ("nconst", TEXT, "IMDB's key of the person, if known"),
    ("character", TEXT, "Character played, if known"),
    ("seconds", REAL, "Seconds on screen"),
    ("share", REAL, "Share of the film, 0 to 1"),
    ("appearances", INT, "Number of appearances"),
    ("first_minute", INT, "Minute of the first appearance, from 0"),
    ("last_minute", INT, "Minute of the last appearance, from 0"),
    ("longest_s", REAL, "Longest appearance in seconds"),
    ("mean_probability", REAL, "Mean probability, weighted by seconds"),
)
EVALUATION = _table(
    "evaluation",
    "a figure of a film against its truth",
    ("scope", TEXT, "film, an actor's name, or `top:<number of intervals>`"),
    ("figure", TEXT, "What was measured, such as precision"),
    ("value", REAL, "Its value; null where there is nothing to divide by"),
)
RECOGNISER_SELECTION = _table(
    "recogniser_selection",
    "a way of recognising faces with how well it does on the galleries",
    ("place", INT, "Rank among all ways, from 1"),
    ("recogniser", TEXT, "What it is called"),
    ("kind", TEXT, "nearest, mean, knn or svc"),
    ("neighbours", INT, "Photos that count"),
    ("kernel", TEXT, "Kernel of the support vector machine: linear, rbf or poly"),
    ("c", REAL, "Penalty of the support vector machine"),
    ("gamma", REAL, "Width of its kernel"),
    ("degree", INT, "Degree of its polynomial"),
    ("top1", REAL, "Share of pictures whose person comes first, mean over seeds"),
    ("top1_spread", REAL, "Standard deviation of top1 over seeds"),
    ("top3", REAL, "Share of pictures whose person is among the first three, mean over seeds"),
    ("top3_spread", REAL, "Standard deviation of top3 over seeds"),
    ("true_acceptance", REAL, "Share of known people accepted at the false acceptance asked for, mean over seeds"),
    ("true_acceptance_spread", REAL, "Standard deviation of true_acceptance over seeds"),
    ("usable", FLAG, "Whether naming can compare in this way"),
    ("chosen", FLAG, "Whether naming compares in this way unless a setting pins another"),
    by_film=False,
)
LIBRARY = _table(
    "library",
    "a film that can be asked about",
    ("film", TEXT, "Partition key"),
    ("title", TEXT, "Title"),
    ("year", INT, "Year of release, if known"),
    ("tconst", TEXT, "IMDB's key of the title, if matched"),
    ("duration_s", REAL, "Length in seconds"),
    ("path", TEXT, "Video file"),
    ("present", FLAG, "False once the video file is gone"),
    ("people", INT, "Cast members seen"),
    ("unknown_people", INT, "People seen that are not in the cast"),
    ("appearances", INT, "Number of appearances"),
    ("named_seconds", REAL, "Seconds of appearances with a name"),
    by_film=False,
)
PREDICTION_LOG = _table(
    "prediction_log",
    "an answer to the question who is on screen",
    ("asked_at", WHEN, "When it was answered"),
    ("film", TEXT, "Film asked about"),
    ("time_s", REAL, "Instant asked about, seconds"),
    ("actors", TEXTS, "Who was answered: cast members and `unknown:<n>`, cast first, the surest first"),
    ("probabilities", REALS, "Their probabilities, 0 to 1; null for unknown people"),
    ("model_hash", TEXT, "Hash of the models behind the answer"),
    ("map_state", TEXT, "Tells the film's map that the answer came from; the same as the answer's ETag begins with"),
    ("version", TEXT, "Version of WIOS that answered"),
    ("source", TEXT, "api or page"),
    ("duration_ms", REAL, "Time that answering took in the handler, milliseconds"),
    by_film=False,
)
TITLE_BASICS = _table(
    "imdb/title_basics",
    "a title, one line of title.basics.tsv",
    ("tconst", TEXT, "IMDB's key of the title"),
    ("title_type", TEXT, "movie, short, tvSeries, tvEpisode …"),
    ("primary_title", TEXT, "Title most used"),
    ("original_title", TEXT, "Title in its own language"),
    ("is_adult", FLAG, "Adult title"),
    ("start_year", INT, "Year of release, or first year of a series"),
    ("end_year", INT, "Last year of a series"),
    ("runtime_minutes", INT, "Length in minutes"),
    ("genres", TEXTS, "Up to three genres"),
    by_film=False,
)
TITLE_PRINCIPALS = _table(
    "imdb/title_principals",
    "a person credited in a title, one line of title.principals.tsv",
    ("tconst", TEXT, "IMDB's key of the title"),
    ("ordering", INT, "Place in the title's credits"),
    ("nconst", TEXT, "IMDB's key of the person"),
    ("category", TEXT, "actor, actress, self, director …"),
    ("job", TEXT, "Job title, if any"),
    ("characters", TEXTS, "Characters played"),
    by_film=False,
)
TITLE_CREW = _table(
    "imdb/title_crew",
    "a title's directors and writers, one line of title.crew.tsv",
    ("tconst", TEXT, "IMDB's key of the title"),
    ("directors", TEXTS, "nconsts of the directors"),
    ("writers", TEXTS, "nconsts of the writers"),
    by_film=False,
)
NAME_BASICS = _table(
    "imdb/name_basics",
    "a person, one line of name.basics.tsv",
    ("nconst", TEXT, "IMDB's key of the person"),
    ("primary_name", TEXT, "Name most credited"),
    ("birth_year", INT, "Year of birth"),
    ("death_year", INT, "Year of death"),
    ("primary_profession", TEXTS, "Up to three professions"),
    ("known_for_titles", TEXTS, "tconsts of the titles known for"),
    by_film=False,
)
TITLE_EPISODE = _table(
    "imdb/title_episode",
    "an episode of a series, one line of title.episode.tsv",
    ("tconst", TEXT, "IMDB's key of the episode"),
    ("parent_tconst", TEXT, "IMDB's key of the series"),
    ("season_number", INT, "Season, if known"),
    ("episode_number", INT, "Number within the season, if known"),
    by_film=False,
)
TITLE_AKAS = _table(
    "imdb/title_akas",
    "a title of a film or series in a country or language, one line of title.akas.tsv",
    ("tconst", TEXT, "IMDB's key of the title"),
    ("ordering", INT, "Place among the title's lines"),
    ("title", TEXT, "Title as it is called there"),
    ("region", TEXT, "Country, if known"),
    ("language", TEXT, "Language, if known"),
    by_film=False,
)
SERIES_EPISODES = _table(
    "imdb/series_episodes",
    "an episode of a series, in the order of the series",
    ("parent_tconst", TEXT, "IMDB's key of the series"),
    ("season_number", INT, "Season"),
    ("episode_number", INT, "Number within the season"),
    ("tconst", TEXT, "IMDB's key of the episode"),
    by_film=False,
)
FILM_TITLES = _table(
    "imdb/film_titles",
    "a name under which a film or series can be found: its primary, its original or another title",
    ("title_key", TEXT, "Title without case, accents, punctuation, article"),
    ("other_title", TEXT, "The title as title.akas has it; null for the primary and the original title"),
    ("tconst", TEXT, "IMDB's key of the title"),
    ("title_type", TEXT, "movie, short, tvMovie …"),
    ("primary_title", TEXT, "Title most used"),
    ("original_title", TEXT, "Title in its own language"),
    ("start_year", INT, "Year of release"),
    ("runtime_minutes", INT, "Length in minutes"),
    by_film=False,
)
QUARANTINE = _table(
    "imdb/quarantine",
    "a line of IMDB's files that does not fit",
    ("meant_for", TEXT, "Table that the line was meant for"),
    ("file", TEXT, "File that it stands in"),
    ("line", LONG, "Line of the file, the header being line 1"),
    ("reason", TEXT, "Why it does not fit"),
    ("text", TEXT, "The line, the table's columns of it"),
    by_film=False,
)
FILMOGRAPHY = _table(
    "filmography",
    "a person credited on screen in a film of the chosen director; a film without any has one row",
    ("director", TEXT, "IMDB's key of the director"),
    ("director_name", TEXT, "The director's name"),
    ("tconst", TEXT, "IMDB's key of the film"),
    ("title", TEXT, "Title most used"),
    ("year", INT, "Year of release, if known"),
    ("title_type", TEXT, "movie, short, tvMovie …"),
    ("billing", INT, "Place in the cast, from 1; null for who is left out"),
    ("actor", TEXT, "Name, as IMDB calls the person"),
    ("nconst", TEXT, "IMDB's key of the person"),
    ("character", TEXT, "Character played, if known"),
    ("left_out", TEXT, "Why the person is not in the cast: uncredited, or only lends a voice; else null"),
    by_film=False,
)
WANTED = _table(
    "wanted",
    "what is missing for the films of the chosen director: a video, or photos of a cast member",
    ("what", TEXT, "video or photos"),
    ("tconst", TEXT, "Film without a video; for photos, null"),
    ("title", TEXT, "Its title; for photos, the titles that the person plays in"),
    ("year", INT, "Year of release, if known; for photos, null"),
    ("nconst", TEXT, "Cast member with too few photos; for a video, null"),
    ("actor", TEXT, "The person's name; for a video, null"),
    ("photos", INT, "Photos there are: usable ones where a film was analysed, else picture files"),
    ("reason", TEXT, "What is missing, in a sentence"),
    by_film=False,
)

TABLES: dict[str, Table] = {value.name: value for value in list(globals().values()) if isinstance(value, Table)}
FILM_TABLES: tuple[str, ...] = tuple(name for name, table in TABLES.items() if table.by_film)
