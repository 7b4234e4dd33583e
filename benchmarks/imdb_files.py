"""Generates files like IMDB's, of any size: with key structure, skew, nulls, quotes and Unicode of the real ones.

    python -m benchmarks.imdb_files FOLDER --principals 10_000_000

At their full size (2025) the real files hold about 12 M titles, 15 M names and 95 M principals, and the optional ones
9 M episodes and 52 M titles of countries; the generator keeps these proportions. The names and titles are made up.
Rows are sorted by key as text, as in the real files, so tt10000000 comes before tt1000001.
"""

from __future__ import annotations

import argparse
import gzip
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wios_assets.imdb.files import ALL_FILES

CHUNK = 200_000
TITLES_PER_PRINCIPAL = 12 / 95
NAMES_PER_PRINCIPAL = 15 / 95
AKAS_PER_TITLE = 52 / 12
NULL = "\\N"

TYPES = {
    "tvEpisode": 0.76, "short": 0.085, "movie": 0.06, "video": 0.026, "tvSeries": 0.024, "tvMovie": 0.013,
    "tvMiniSeries": 0.005, "tvSpecial": 0.004, "videoGame": 0.0035, "tvShort": 0.0195,
}  # fmt: skip
CATEGORIES = {
    "actor": 0.235, "actress": 0.175, "self": 0.145, "writer": 0.12, "director": 0.09, "producer": 0.08,
    "editor": 0.06, "cinematographer": 0.04, "composer": 0.035, "production_designer": 0.009,
    "casting_director": 0.007, "archive_footage": 0.0035, "archive_sound": 0.0005,
}  # fmt: skip
GENRES = (
    "Drama Comedy Talk-Show Short Documentary News Romance Family Reality-TV Animation Action Crime Adventure Music "
    "Game-Show Sport Fantasy Mystery Horror Thriller History Sci-Fi Biography Musical War Western Adult Film-Noir"
)
PROFESSIONS = (
    "actor,actress,producer,writer,director,miscellaneous,camera_department,editor,cinematographer,composer,"
    "soundtrack,music_department,assistant_director,art_department,sound_department,casting_department"
)
JOBS = ("producer", "creator", "director of photography", "written by", "story editor", 'for "Studio One"', "novel")
GIVEN = (
    "Maria João José Anna Wei Yuki Олег Élodie Søren Łukasz Zoë Björn Aisha Nguyễn Priya Raúl Chloë Siân François "
    "Dana Ivo Nils Ruth Omar Tova Kofi Lena Hugo Irma Piet Sean Greta Boris Amal Noor Otto Vera Milo Hana Emil"
)
FAMILY = (
    "da Silva|O'Brien|Müller|García Márquez|Kowalski|Nakamura|Иванова|Lefèvre|van der Berg|Smith|Chen|Åkesson|"
    "Öztürk|Novák|Haddad|Okonkwo|Papadopoulos|Rossi|Singh|Tremblay|Fernández|Lindqvist|Mbeki|Yılmaz|Larsen|Costa"
)
SYLLABLES = (
    "ba be bo da do fa ga go ha ja ka ki ko la le lo ma mi mo na ne no pa ra re ri ro sa se so ta te to va vi za"
)
WORDS = (
    "Night The Last Love of Day A Girl Man House Dead Blue Summer Lost City King War Story Secret Little Big Dream "
    "Shadow Été Für Señora Привет 七人 Ångström World's Don't Swing Return Road Heart Moon River Fire Winter Stranger"
)


def write_files(
    folder: Path, principals: int, seed: int = 0, compress: bool = True, optional: bool = False
) -> dict[str, Path]:
    """Write the four files, with `optional` also episodes and titles of countries; returns table name → path."""
    folder.mkdir(parents=True, exist_ok=True)
    titles = max(1, round(principals * TITLES_PER_PRINCIPAL))
    names = max(1, round(principals * NAMES_PER_PRINCIPAL))
    rows = {
        "title.basics": _title_basics(titles, seed),
        "title.principals": _principals(principals, titles, names, seed + 1),
        "title.crew": _crew(titles, names, seed + 2),
        "name.basics": _names(names, titles, seed + 3),
    }
    if optional:
        rows |= {"title.episode": _episodes(titles, seed + 4), "title.akas": _akas(titles, seed + 5)}
    written = {}
    for stem, chunks in rows.items():
        path = folder / (f"{stem}.tsv.gz" if compress else f"{stem}.tsv")
        with gzip.open(path, "wb", compresslevel=6) if compress else path.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
        written[f"imdb/{stem.replace('.', '_')}"] = path
    return written


def keys_in_order(prefix: str, count: int) -> pa.Array:
    """`count` keys, seven digits and from ten million on eight, sparse as the real ones, in the order of the text."""
    gap = 3 if count < 3_000_000 else 1
    numbers = np.arange(1, count * gap + 1, gap)
    texts = pa.array(numbers).cast(pa.string())
    keys = pc.binary_join_element_wise(prefix, pc.utf8_lpad(texts, 7, "0"), "")
    return pc.take(keys, pc.array_sort_indices(keys))


def _title_basics(count: int, seed: int) -> Iterator[bytes]:
    random = np.random.default_rng(seed)
    keys = keys_in_order("tt", count)
    words, genres = pa.array(WORDS.split()), pa.array(GENRES.split())
    yield _header("imdb/title_basics")
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        kind = _draw(random, TYPES, size)
        invented = _pick(random, pa.array(_invented_words(seed)), size)
        title = _joined(" ", _pick(random, words, size), invented, _some(random, words, size, 0.6))
        episode = _joined("", "Episode #", _integers(random, 1, 40, size), ".", _integers(random, 1, 200, size))
        is_episode = pc.and_(pc.equal(kind, "tvEpisode"), pa.array(random.random(size) < 0.5))
        title = pc.if_else(is_episode, episode, title)
        quoted = pa.array(random.random(size) < 0.002)
        title = pc.if_else(quoted, _joined("", '"', title, '"'), title)
        foreign = pa.array(random.random(size) < 0.12)
        original = pc.if_else(foreign, _joined(" ", _pick(random, words, size), title), title)
        year = pa.array(2026 - np.minimum(random.gamma(1.3, 16, size), 150).astype(int)).cast(pa.string())
        series = pc.is_in(kind, pa.array(["tvSeries", "tvMiniSeries"]))
        yield _lines(
            keys.slice(start, size), kind, title, original,
            pc.if_else(pa.array(random.random(size) < 0.03), "1", "0"),
            _nulls(random, year, 0.12),
            pc.if_else(series, _nulls(random, year, 0.4), NULL),
            _nulls(random, _integers(random, 1, 180, size), 0.68),
            _nulls(random, _joined(",", _pick(random, genres, size), _some(random, genres, size, 0.4),
                                   _some(random, genres, size, 0.2)), 0.045),
        )  # fmt: skip


def _principals(count: int, titles: int, names: int, seed: int) -> Iterator[bytes]:
    random = np.random.default_rng(seed)
    tconsts, nconsts = keys_in_order("tt", titles), keys_in_order("nm", names)
    share = np.minimum(random.gamma(1.2, 1.0, titles) + 0.1, 8)
    ends = np.round(np.cumsum(share) / share.sum() * count).astype(np.int64)
    busiest = random.permutation(names)
    given, family = pa.array(GIVEN.split()), pa.array(FAMILY.split("|"))
    jobs = pa.array(JOBS)
    yield _header("imdb/title_principals")
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        rows = np.arange(start, start + size)
        title = np.searchsorted(ends, rows, side="right")
        ordering = rows - np.where(title > 0, ends[np.maximum(title - 1, 0)], 0) + 1
        # A few people are credited thousands of times, most of them once.
        person = busiest[(names * random.random(size) ** 3).astype(np.int64)]
        category = _draw(random, CATEGORIES, size)
        plays = pc.and_(
            pc.is_in(category, pa.array(["actor", "actress", "self", "archive_footage"])),
            pa.array(random.random(size) < 0.85),
        )
        role = pc.if_else(
            pc.equal(category, "self"), _pick(random, pa.array(["Self", "Self - Host", "Self - Guest"]), size),
            _joined(" ", _pick(random, given, size), _some(random, family, size, 0.5)),
        )  # fmt: skip
        role = pc.if_else(pa.array(random.random(size) < 0.001), _joined("", role, ' (segment: \\"Fire\\")'), role)
        role = pc.if_else(pa.array(random.random(size) < 0.02), _joined("", role, " (voice)"), role)
        role = pc.if_else(pa.array(random.random(size) < 0.008), _joined('","', role, _pick(random, given, size)), role)
        has_job = pc.and_(
            pc.is_in(category, pa.array(["producer", "writer", "cinematographer"])),
            pa.array(random.random(size) < 0.4),
        )
        yield _lines(
            pc.take(tconsts, pa.array(title)),
            pa.array(ordering).cast(pa.string()),
            pc.take(nconsts, pa.array(person)),
            category,
            pc.if_else(has_job, _pick(random, jobs, size), NULL),
            pc.if_else(plays, _joined("", '["', role, '"]'), NULL),
        )


def _crew(titles: int, names: int, seed: int) -> Iterator[bytes]:
    random = np.random.default_rng(seed)
    tconsts, nconsts = keys_in_order("tt", titles), keys_in_order("nm", names)
    yield _header("imdb/title_crew")
    for start in range(0, titles, CHUNK):
        size = min(CHUNK, titles - start)
        yield _lines(
            tconsts.slice(start, size),
            _nulls(random, _joined(",", _pick(random, nconsts, size), _some(random, nconsts, size, 0.08)), 0.42),
            _nulls(random, _joined(",", _pick(random, nconsts, size), _some(random, nconsts, size, 0.4),
                                   _some(random, nconsts, size, 0.2)), 0.48),
        )  # fmt: skip


def _episodes(titles: int, seed: int) -> Iterator[bytes]:
    """Three of four titles are episodes, in series of a hundred or so."""
    random = np.random.default_rng(seed)
    keys = keys_in_order("tt", titles)
    yield _header("imdb/title_episode")
    for start in range(0, titles, CHUNK):
        size = min(CHUNK, titles - start)
        own = pa.array(np.flatnonzero(random.random(size) < TYPES["tvEpisode"]) + start)
        series = pa.array(random.integers(0, max(1, titles // 100), len(own)) * 100 % titles)
        yield _lines(
            pc.take(keys, own),
            pc.take(keys, series),
            _nulls(random, _integers(random, 1, 12, len(own)), 0.2),
            _nulls(random, _integers(random, 1, 60, len(own)), 0.2),
        )


def _akas(titles: int, seed: int) -> Iterator[bytes]:
    random = np.random.default_rng(seed)
    keys, invented = keys_in_order("tt", titles), pa.array(_invented_words(seed))
    words, regions = (
        pa.array(WORDS.split()),
        pa.array(["DE", "FR", "ES", "IT", "JP", "IN", "PT", "US", "GB", "RU", "PL", "HU"]),
    )
    yield ("\t".join((*ALL_FILES["imdb/title_akas"].names, "types", "attributes", "isOriginalTitle")) + "\n").encode()
    for start in range(0, titles, CHUNK):
        size = min(CHUNK, titles - start)
        counts = 1 + random.poisson(AKAS_PER_TITLE - 1, size)
        own = np.repeat(np.arange(size), counts)
        ordering = np.arange(len(own)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
        first = pa.array(ordering == 1)
        yield _lines(
            pc.take(keys, pa.array(own + start)),
            pa.array(ordering).cast(pa.string()),
            _joined(" ", _pick(random, words, len(own)), _pick(random, invented, len(own))),
            pc.if_else(first, NULL, _pick(random, regions, len(own))),
            _nulls(random, pc.utf8_lower(_pick(random, regions, len(own))), 0.8),
            pc.if_else(first, "original", "imdbDisplay"),
            NULL,
            pc.if_else(first, "1", "0"),
        )


def _names(names: int, titles: int, seed: int) -> Iterator[bytes]:
    random = np.random.default_rng(seed)
    nconsts, tconsts = keys_in_order("nm", names), keys_in_order("tt", titles)
    given, family = pa.array(GIVEN.split()), pa.array(FAMILY.split("|") + _invented_words(seed))
    professions = pa.array(PROFESSIONS.split(","))
    yield _header("imdb/name_basics")
    for start in range(0, names, CHUNK):
        size = min(CHUNK, names - start)
        yield _lines(
            nconsts.slice(start, size),
            _joined(" ", _pick(random, given, size), _some(random, given, size, 0.15), _pick(random, family, size)),
            _nulls(random, _integers(random, 1870, 2015, size), 0.955),
            _nulls(random, _integers(random, 1930, 2026, size), 0.983),
            _nulls(random, _joined(",", _pick(random, professions, size), _some(random, professions, size, 0.35),
                                   _some(random, professions, size, 0.15)), 0.195),
            _nulls(random, _joined(",", _pick(random, tconsts, size), _some(random, tconsts, size, 0.45),
                                   _some(random, tconsts, size, 0.3), _some(random, tconsts, size, 0.2)), 0.11),
        )  # fmt: skip


def _header(table: str) -> bytes:
    return ("\t".join(ALL_FILES[table].names) + "\n").encode()


def _lines(*columns: Any) -> bytes:
    """Tab-separated lines of the columns, arrays of text."""
    joined = pc.binary_join_element_wise(*columns, "\t")
    return ("\n".join(joined.to_pylist()) + "\n").encode()


def _joined(separator: str, *parts: Any) -> pa.Array:
    return pc.binary_join_element_wise(*parts, separator, null_handling="skip")


def _pick(random: np.random.Generator, values: pa.Array, size: int) -> pa.Array:
    return pc.take(values, pa.array(random.integers(0, len(values), size)))


def _some(random: np.random.Generator, values: pa.Array, size: int, share: float) -> pa.Array:
    """Values for a share of the rows, null for the rest."""
    return pc.if_else(pa.array(random.random(size) < share), _pick(random, values, size), None)


def _nulls(random: np.random.Generator, values: pa.Array, share: float) -> pa.Array:
    """The values, and IMDB's null for a share of them."""
    return pc.if_else(pa.array(random.random(len(values)) < share), NULL, values)


def _draw(random: np.random.Generator, shares: dict[str, float], size: int) -> pa.Array:
    weights = np.array(list(shares.values()))
    return pc.take(pa.array(list(shares)), pa.array(random.choice(len(shares), size, p=weights / weights.sum())))


def _integers(random: np.random.Generator, low: int, high: int, size: int) -> pa.Array:
    return pa.array(random.integers(low, high, size)).cast(pa.string())


def _invented_words(seed: int, count: int = 20_000) -> list[str]:
    random = np.random.default_rng(seed + 1000)
    syllables = SYLLABLES.split()
    picks = random.integers(0, len(syllables), (count, 4))
    lengths = random.integers(2, 5, count)
    return ["".join(syllables[i] for i in row[:n]).capitalize() for row, n in zip(picks, lengths, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--principals", type=lambda text: int(text.replace("_", "")), default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--optional", action="store_true", help="write episodes and titles of countries, too")
    parser.add_argument("--plain", action="store_true", help="write .tsv instead of .tsv.gz")
    chosen = parser.parse_args()
    began = time.monotonic()
    for table, path in write_files(
        chosen.folder, chosen.principals, chosen.seed, not chosen.plain, chosen.optional
    ).items():
        print(f"{table}: {path} ({path.stat().st_size / 1e6:.0f} MB)")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
