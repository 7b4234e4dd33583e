"""What the inbox takes for a film: a table of trees as Kodi, Jellyfin and Plex lay them out, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import pytest

from wios_assets.films.extras import is_hidden, is_system_folder
from wios_assets.films.layout import FoundFilm, films_in
from wios_assets.films.tree import Folder, VideoFile


def tree(paths: Sequence[str]) -> Folder:
    """A tree that holds these files; `path:size` gives a size in bytes. Hidden and system entries are left out."""
    root = Folder("")
    for text in paths:
        path, _, size = text.partition(":")
        *folders, name = PurePosixPath(path).parts
        if any(is_hidden(part) or is_system_folder(part) for part in [*folders, name]):
            continue
        folder = root
        for part in folders:
            inner = next((each for each in folder.folders if each.name == part), None)
            if inner is None:
                inner = Folder(part)
                folder.folders.append(inner)
            folder = inner
        folder.videos.append(VideoFile(name, int(size or 0)))
    return root


def result(*paths: str) -> list[FoundFilm]:
    return films_in(tree(paths))


def names(*paths: str) -> list[str]:
    return [film.name for film in result(*paths)]


HEAT = "Heat (1995)/Heat (1995).mkv"

EXTRA_FOLDERS = (
    *("Behind-The-Scenes", "BehindTheScenes", "Deleted_Scenes", "Movie Trailers", "Bonus Features", "Bonus Disc"),
    *("Making Of", "Outtakes", "Gag Reel", "Promos", "Teasers", "DVD Extras", "specials", "Proof", "Screens"),
    *("behind the scenes", "deleted scenes", "interviews", "scenes", "samples", "shorts", "featurettes", "clips"),
    *("other", "extras", "trailers", "backdrops", "theme-music", "Extras", "Trailer", "Sample", "Behind The Scenes"),
    *("Deleted Scenes", "Featurettes", "Bonus", "Subs", "Special Features"),
)
EXTRA_SUFFIXES = (
    *("-clips", "-interviews", "-scenes", "-shorts", "-featurettes", "-others", "-behind the scenes", "-making-of"),
    *(" - Behind the Scenes", " - Deleted Scenes", " - Featurette", " - Making Of", " (trailer)", " [trailer]"),
    *(" Trailer 2", " - trailer", "-Official Trailer", " official trailer", "-outtakes", "-promo", "-backdrop"),
    *("-behindthescenes", "-deleted", "-deletedscene", "-featurette", "-interview", "-scene", "-short", "-clip"),
    *("-other", "-extra", "-trailer", ".trailer", "_trailer", " trailer", "-sample", ".sample", "_sample", " sample"),
    *("-trailer1", "-trailer2", "-teaser", ".behindthescenes", "-Trailer", "-SAMPLE"),
)
EXTRA_NAMES = (
    *("trailer-1.mkv", "Trailer 2.mkv", "!sample.mkv", "backdrop.mp4", "sample heat.mkv", "Featurette.mkv"),
    *("Deleted Scenes.mkv", "Making Of.mkv", "Interview.mkv", "Theatrical Trailer.mkv", "Heat.1995.Sample.x264.mkv"),
    *("Heat (1995)-sample-1080p.mkv", "rarbg.com.mp4", "Pacino and De Niro.mkv"),
    *("trailer.mkv", "sample.mkv", "movie-trailer.mp4", "theme.mp4", "Sample.avi", "sample-heat.mkv"),
)


@pytest.mark.parametrize("folder", EXTRA_FOLDERS)
def test_a_folder_of_extras_inside_a_film_is_left_out(folder: str) -> None:
    assert names(HEAT, f"Heat (1995)/{folder}/Making of.mkv") == ["Heat (1995)"]


@pytest.mark.parametrize("suffix", EXTRA_SUFFIXES)
@pytest.mark.parametrize("base", ["Heat (1995)", "Heat (1995) - 1080p"])
def test_a_file_with_the_suffix_of_an_extra_beside_its_film_is_left_out(suffix: str, base: str) -> None:
    films = result(f"Heat (1995)/{base}.mkv", f"Heat (1995)/{base}{suffix}.mkv")
    assert [(film.name, film.files, film.versions) for film in films] == [
        ("Heat (1995)", (f"Heat (1995)/{base}.mkv",), ())
    ]


@pytest.mark.parametrize("suffix", EXTRA_SUFFIXES)
def test_an_extra_with_a_title_of_its_own_is_left_out(suffix: str) -> None:
    assert names(HEAT, f"Heat (1995)/The Making of Heat{suffix}.mkv")[0] == "Heat (1995)"
    if suffix[0] == "-":
        assert len(names(HEAT, f"Heat (1995)/The Making of Heat{suffix}.mkv")) == 1


@pytest.mark.parametrize("name", EXTRA_NAMES)
def test_a_file_called_as_an_extra_is_left_out(name: str) -> None:
    assert names(HEAT, f"Heat (1995)/{name}") == ["Heat (1995)"]


@pytest.mark.parametrize(
    "name",
    [
        *("The-Big-Short", "The Interview (2014)", "Trailer Park Boys (2006)", "Deleted (2020)", "The Other (1972)"),
        *("Sample This (2012)", "Free Sample (2012)", "The Trailer (2001)", "Interview", "Short Cuts (1993)"),
        *("Scenes from a Marriage (1973)", "Extras (2005)", "Other People (2016)", "Clip (2012)", "Scene-Missing"),
        *("Dune Part Two (2024)", "Kill Bill Vol. 1 (2003)", "Se7en (1995)", "S1m0ne (2002)", "Area 51 (2015)"),
        *("2001 A Space Odyssey (1968)", "1917 (2019)", "12 x 12 (1999)", "Apollo 13 (1995)", "Ocean's 11 (2001)"),
        *("7500 (2019)", "300 (2006)", "District 9 (2009)", "The 6th Day (2000)", "Series 7 (2001)", "Season 2 (2020)"),
    ],
)
def test_a_title_that_looks_like_something_else_is_a_film(name: str) -> None:
    assert names(f"{name}.mkv") == [name]


@pytest.mark.parametrize(
    "paths",
    [
        ["#recycle/Ronin (1998)/Ronin (1998).mkv"],
        ["@eaDir/Heat (1995).mkv/SYNOVIDEO.mkv"],
        ["@Recycle/Ronin (1998).mkv"],
        ["@Recently-Snapshot/GMT+02/Ronin (1998).mkv"],
        ["$RECYCLE.BIN/S-1-5-21/$R0X1.mkv"],
        ["RECYCLER/Dc1.avi"],
        ["System Volume Information/x.mkv"],
        ["lost+found/#1234.mkv"],
        [".Trash-1000/files/Ronin (1998).mkv"],
        [".Trashes/501/Ronin (1998).mkv"],
        ["#snapshot/daily/Ronin (1998).mkv"],
        [".@__thumb/Heat.mkv"],
        ["Network Trash Folder/Ronin.mkv"],
        ["__MACOSX/Heat (1995).mkv"],
        [".stversions/Ronin (1998).mkv"],
        ["._Heat (1995).mkv"],
        ["Heat (1995)/._Heat (1995).mkv"],
        [".Heat (1995).mkv"],
        [".AppleDouble/Heat (1995).mkv"],
        ["@tmp/upload.mkv"],
        ["@SynoResource/a.mkv"],
        ["@Transcode/a.mkv"],
        ["@downloads/a.mkv"],
        ["~snapshot/daily.0/Ronin (1998).mkv"],
        ["TemporaryItems/a.mkv"],
        ["trashbox/Ronin (1998).mkv"],
        ["$WinREAgent/a.mkv"],
        ["Config.Msi/a.mkv"],
        ["FOUND.001/a.mkv"],
        ["LOST.DIR/a.mkv"],
        ["msdownld.tmp/a.mkv"],
        [".zfs/snapshot/a.mkv"],
        [".Recycle.Bin/Ronin (1998).mkv"],
        ["Heat (1995)/.grab/a.mkv"],
    ],
    ids=lambda paths: paths[0],
)
def test_hidden_files_and_folders_of_the_system_are_left_alone(paths: list[str]) -> None:
    assert names(HEAT, *paths) == ["Heat (1995)"]


@pytest.mark.parametrize(
    "name", ["...And Justice for All (1979)", ".45 (2006)", "..ing (2003)", "...All the Marbles (1981)"]
)
def test_a_title_that_begins_with_dots_is_a_film(name: str) -> None:
    assert len(names(f"{name}.mkv")) == 1
    assert len(names(f"{name}/{name}.mkv")) == 1


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Heat (1995).mkv", "Heat (1995)"),
        ("Heat (1995)/heat.1080p.mp4", "Heat (1995)"),
        ("Heat (1995)/somefilename.mkv", "Heat (1995)"),
        ("Heat (1995)/movie.mkv", "Heat (1995)"),
        ("Heat/heat.mkv", "Heat"),
        ("Heat/movie.mkv", "Heat"),
        ("Movies/Ronin.mkv", "Ronin"),
        ("Movies/movie.mkv", "movie"),
        ("Downloads/12345678.mkv", "12345678"),
        ("Downloads/ronin.dvdrip.mkv", "ronin.dvdrip"),
        ("Movies/Ronin (1998).mkv", "Ronin (1998)"),
        ("Movies/Comedy/Airplane!.mkv", "Airplane!"),
        ("Movies/A/Alien (1979)/alien.mkv", "Alien (1979)"),
        ("Movies/1995/Heat.mkv", "Heat"),
        ("Star Wars Collection/Star Wars (1977)/a.mkv", "Star Wars (1977)"),
        ("Shorts/Pauvre Pierrot (1892).mkv", "Pauvre Pierrot (1892)"),
        ("Movies/Shorts/Luxo Jr. (1986)/Luxo Jr. (1986).mkv", "Luxo Jr. (1986)"),
        ("Movies/Interviews/Frost Nixon (2008).mkv", "Frost Nixon (2008)"),
        ("Heat (1995) [imdbid-tt0113277].mkv", "Heat (1995)"),
        ("Heat (1995) [imdbid-tt0113277]/Heat (1995) [imdbid-tt0113277].mkv", "Heat (1995)"),
        ("Heat (1995) {imdb-tt0113277}/Heat (1995) {imdb-tt0113277}.mkv", "Heat (1995)"),
        ("Heat (1995) [tt0113277].mkv", "Heat (1995)"),
        ("Heat (1995) [tmdbid-949].mkv", "Heat (1995)"),
        ("Heat (1995) {tmdb-949}.mkv", "Heat (1995)"),
        ("Heat (1995) [imdb-tt0113277].mkv", "Heat (1995)"),
        ("Heat (1995) [imdb=tt0113277].mkv", "Heat (1995)"),
        ("Heat （1995）.mkv", "Heat (1995)"),
        ("七人の侍 （1954）／七人の侍 （1954）.mkv", "七人の侍 (1954)／七人の侍 (1954)"),
        ("七人の侍【1954】.mkv", "七人の侍[1954]"),
        ("\u200fأسماء (2011).mkv", "أسماء (2011)"),
        ("Blade Runner (1982) {edition-Final Cut}.mkv", "Blade Runner (1982)"),
        ("Heat (1995) - 1080p.mkv", "Heat (1995)"),
        ("Heat (1995) [1080p].mkv", "Heat (1995)"),
        ("Heat (1995) - Director's Cut.mkv", "Heat (1995)"),
        ("Wonder Woman 1984 (2020).mkv", "Wonder Woman 1984 (2020)"),
        ("The.Matrix.1999.1080p.BluRay.x264-GRP.mkv", "The.Matrix.1999.1080p.BluRay.x264-GRP"),
        ("The Matrix (1999)/The.Matrix.1999.1080p.BluRay.x264-GRP.mkv", "The Matrix (1999)"),
        ("Crouching Tiger, Hidden Dragon (2000).mkv", "Crouching Tiger, Hidden Dragon (2000)"),
        ("Spider-Man - No Way Home (2021).mkv", "Spider-Man - No Way Home (2021)"),
        ("Mission Impossible - Fallout (2018).mkv", "Mission Impossible - Fallout (2018)"),
        ("Fahrenheit 9-11 (2004).mkv", "Fahrenheit 9-11 (2004)"),
        ("Face-Off (1997)/Face-Off (1997).mkv", "Face-Off (1997)"),
        ("Amélie (2001).mkv", "Amélie (2001)"),
    ],
)
def test_a_lone_film_is_called_by_its_title_and_never_by_its_shelf(path: str, name: str) -> None:
    assert names(path) == [name]


@pytest.mark.parametrize(
    ("path", "tconst"),
    [
        ("Heat (1995) [imdbid-tt0113277].mkv", "tt0113277"),
        ("Heat (1995) {imdb-tt0113277}/heat.mkv", "tt0113277"),
        ("Heat [tt0113277].mkv", "tt0113277"),
        ("Heat (1995) (tt0113277).mkv", "tt0113277"),
        ("Heat （1995）［imdbid-tt0113277］.mkv", "tt0113277"),
        ("Heat (1995)/Heat (1995) [imdbid-tt0113277].mkv", "tt0113277"),
        ("Heat (1995) [imdbid=tt0113277].mkv", "tt0113277"),
        ("Heat (1995) [IMDBID-TT0113277].mkv", "tt0113277"),
        ("Heat (1995) [tmdbid-949].mkv", None),
        ("Heat (1995).mkv", None),
    ],
)
def test_imdbs_key_is_read_from_a_tag(path: str, tconst: str | None) -> None:
    assert [film.tconst for film in result(path)] == [tconst]


@pytest.mark.parametrize(
    ("files", "first"),
    [
        (["Heat (1995) - 1080p.mkv", "Heat (1995) - 4K.mkv"], "Heat (1995) - 1080p.mkv"),
        (["Heat (1995).mkv", "Heat (1995) - 2160p.mkv"], "Heat (1995).mkv"),
        (["Heat (1995) - 2160p.mkv", "Heat (1995) - 720p.mkv", "Heat (1995) - 480p.mkv"], "Heat (1995) - 720p.mkv"),
        (["Heat (1995) [1080p].mkv", "Heat (1995) [2160p].mkv"], "Heat (1995) [1080p].mkv"),
        (["Heat (1995) - Director's Cut.mkv", "Heat (1995) - Theatrical.mkv"], "Heat (1995) - Director's Cut.mkv"),
        (["Heat (1995) {edition-Final Cut}.mkv", "Heat (1995).mkv"], "Heat (1995).mkv"),
        (["Heat (1995) - Grandpa's tape.mkv", "Heat (1995) - 1080p.mkv"], "Heat (1995) - 1080p.mkv"),
        (["Heat (1995) - 3D.mkv", "Heat (1995) - 1080p.mkv"], "Heat (1995) - 1080p.mkv"),
        (["Heat (1995).mkv", "Heat (1995).mp4"], "Heat (1995).mkv"),
        (["Heat (1995) - 1080p HEVC.mkv", "Heat (1995) - 2160p HDR.mkv"], "Heat (1995) - 1080p HEVC.mkv"),
    ],
)
def test_versions_in_a_films_folder_are_one_film(files: list[str], first: str) -> None:
    (film,) = result(*[f"Heat (1995)/{file}" for file in files])
    assert film.name == "Heat (1995)"
    assert film.files == (f"Heat (1995)/{first}",)
    assert set(film.versions) == {f"Heat (1995)/{file}" for file in files} - set(film.files)


def test_versions_on_a_shelf_are_one_film_and_other_films_are_not_theirs() -> None:
    films = result("Heat (1995) - 1080p.mkv", "Heat (1995) - 4K.mkv", "Heat (1972).mkv", "Heat Wave (1990).mkv")
    assert [(film.name, len(film.versions)) for film in films] == [
        ("Heat (1972)", 0),
        ("Heat (1995)", 1),
        ("Heat Wave (1990)", 0),
    ]


@pytest.mark.parametrize(
    "files",
    [
        ["Heat (1995)-cd1.avi", "Heat (1995)-cd2.avi"],
        ["Heat (1995) cd1.avi", "Heat (1995) cd2.avi", "Heat (1995) cd3.avi"],
        ["Heat (1995).part1.mkv", "Heat (1995).part2.mkv"],
        ["Heat (1995) - pt1.mp4", "Heat (1995) - pt2.mp4"],
        ["Heat (1995) - part1.mkv", "Heat (1995) - part2.mkv"],
        ["Heat (1995)_dvd1.avi", "Heat (1995)_dvd2.avi"],
        ["Heat (1995) disc1.mkv", "Heat (1995) disc2.mkv"],
        ["Heat (1995) disk 1.mkv", "Heat (1995) disk 2.mkv"],
        ["Heat (1995)-cda.avi", "Heat (1995)-cdb.avi"],
        ["Heat (1995) (cd1).avi", "Heat (1995) (cd2).avi"],
        ["Heat (1995) [cd1].avi", "Heat (1995) [cd2].avi"],
        ["Heat (1995) Part 01.mkv", "Heat (1995) Part 02.mkv"],
        ["somefilename-cd1.avi", "somefilename-cd2.avi"],
        ["cd1.avi", "cd2.avi"],
        ["part1.mkv", "part2.mkv"],
        ["Heat (1995) 1of2.avi", "Heat (1995) 2of2.avi"],
        ["Heat (1995)-1.avi", "Heat (1995)-2.avi"],
        ["Heat.CD1.DVDRip.avi", "Heat.CD2.DVDRip.avi"],
        ["Heat (1995)-cd1.avi", "Heat (1995)-cd2.mkv"],
        [f"Heat (1995)-cd{number}.avi" for number in range(1, 12)],
        ["CD1/heat.avi", "CD2/heat.avi"],
        ["Heat Disc 1/VIDEO_TS/VTS_01_1.VOB", "Heat Disc 2/VIDEO_TS/VTS_01_1.VOB"],
        ["Disc 1/BDMV/STREAM/00001.m2ts", "Disc 2/BDMV/STREAM/00004.m2ts"],
        ["Disc 1/a.mkv", "Disc 2/b.mkv"],
        ["Heat CD1/a.avi", "Heat CD2/b.avi"],
    ],
    ids=lambda files: files[0],
)
def test_parts_are_one_film_in_order(files: list[str]) -> None:
    (film,) = result(*[f"Heat (1995)/{file}" for file in reversed(files)])
    assert film.name == "Heat (1995)"
    assert film.files == tuple(f"Heat (1995)/{file}" for file in files)


@pytest.mark.parametrize(
    "files",
    [
        ["The Godfather Part 2.mkv", "The Godfather Part 3.mkv"],
        ["Kill Bill Part 1.mkv", "Kill Bill Part 2.mkv"],
        ["Che Part 1 (2008).mkv", "Che Part 2 (2008).mkv"],
        ["Kill Bill/Kill Bill Part 1.mkv", "Kill Bill/Kill Bill Part 2.mkv"],
        ["Rocky/Rocky 2.mkv", "Rocky/Rocky 3.mkv", "Rocky/Rocky 4.mkv"],
        ["Rocky (1976)/Rocky (1976).mkv", "Rocky (1976)/Rocky II.mkv"],
        ["Ocean's/Ocean's 11.mkv", "Ocean's/Ocean's 12.mkv", "Ocean's/Ocean's 13.mkv"],
        ["Heat (1995)-cd1.avi", "Ronin (1998)-cd2.avi"],
    ],
    ids=lambda files: files[0],
)
def test_films_whose_titles_count_are_not_parts_of_one(files: list[str]) -> None:
    assert len(names(*files)) == len(files)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Fargo (2014)/Season 01/Fargo (2014) - S01E01 - The Crocodile's Dilemma.mkv", "Fargo (2014) S01E01"),
        ("Dark/Season 01/S01E01.mkv", "Dark S01E01"),
        ("Dark (2017)/Season 1/Dark - s01e02.mkv", "Dark (2017) S01E02"),
        ("Dark (2017)/S01/Dark.S01E03.1080p.mkv", "Dark (2017) S01E03"),
        ("Dark (2017)/Staffel 1/Dark 1x04.mkv", "Dark (2017) S01E04"),
        ("Dark (2017)/Season 01/05 - Wahrheiten.mkv", "Dark (2017) S01E05"),
        ("Dark (2017)/Season 01/06.mkv", "Dark (2017) S01E06"),
        ("Dark (2017)/Season 01/Episode 7.mkv", "Dark (2017) S01E07"),
        ("Dark (2017)/Season 01/E08.mkv", "Dark (2017) S01E08"),
        ("Dark (2017)/Season 01/Dark - 09.mkv", "Dark (2017) S01E09"),
        ("Dark (2017)/Season 02/Dark (2017) S02E01-E02.mkv", "Dark (2017) S02E01-E02"),
        ("Dark (2017)/Season 02/Dark (2017) S02E01E02.mkv", "Dark (2017) S02E01-E02"),
        ("Dark (2017)/Season 02/Dark (2017) - s02e03-e04 - Two.mkv", "Dark (2017) S02E03-E04"),
        ("Dark (2017)/Season 02/Dark (2017) 2x05-2x06.mkv", "Dark (2017) S02E05-E06"),
        ("Dark (2017)/Season 02/Dark (2017) 2x07-08.mkv", "Dark (2017) S02E07-E08"),
        ("Dark (2017)/Season 02/Dark S02E09-10 Title.mkv", "Dark (2017) S02E09-E10"),
        ("Dark (2017)/Season 00/Dark S00E01.mkv", "Dark (2017) S00E01"),
        ("Dark (2017)/Specials/Dark S00E02.mkv", "Dark (2017) S00E02"),
        ("Dark (2017)/Dark S01E10.mkv", "Dark (2017) S01E10"),
        ("Dark (2017) [imdbid-tt5753856]/Season 01/Dark S01E01.mkv", "Dark (2017) S01E01"),
        ("Dark (2017) {tvdb-334824}/Season 01/Dark S01E01.mkv", "Dark (2017) S01E01"),
        ("TV/Dark (2017)/Season 01/Dark S01E01.mkv", "Dark (2017) S01E01"),
        ("Dark.S01E01.mkv", "Dark S01E01"),
        ("Dark (2017) S01E01.mkv", "Dark (2017) S01E01"),
        ("The.Wire.S03E11.Middle.Ground.720p.mkv", "The Wire S03E11"),
        ("Doctor Who (2005) - 4x13 - Journey's End.mkv", "Doctor Who (2005) S04E13"),
        ("Die Serie/Staffel 2/Folge 3.mkv", "Die Serie S02E03"),
        ("La serie/Temporada 1/La serie 1x02.avi", "La serie S01E02"),
        ("24/Season 01/24 S01E01.mkv", "24 S01E01"),
        ("The 100 (2014)/Season 01/The 100 S01E01.mkv", "The 100 (2014) S01E01"),
        ("Show/Season 01/Show Season 1 Episode 2.mkv", "Show S01E02"),
        ("Show/Season 2023/Show S2023E01.mkv", "Show S2023E01"),
        ("Show/Season 10/Show.s10.e05.mkv", "Show S10E05"),
        ("Show/Season 01/Show_s01_e06.mkv", "Show S01E06"),
        ("Show/Season 01/Show [01x07].mkv", "Show S01E07"),
        ("Show/Season 01/[Group] Show - 08 [1080p].mkv", "Show S01E08"),
        ("Show/Season 01/Show S01 E09.mkv", "Show S01E09"),
        ("Show/Season 01/Show - S01E10v2.mkv", "Show S01E10"),
        ("Show/Season 01/10 Title of it.mkv", "Show S01E10"),
        ("Show/Season 01/s01ep11.mkv", "Show S01E11"),
        ("Show/Season 01/1x12_1x13.avi", "Show S01E12-E13"),
        ("Show/Season 01/S01E14+E15.avi", "Show S01E14-E15"),
        ("Show/Season 01/S01E14 & E15.avi", "Show S01E14-E15"),
        ("Show/Season 01/foo.1x9.mkv", "Show S01E09"),
        ("Show/Season 01/Part 4.mkv", "Show S01E04"),
        ("Show/Season 01/pt.6.mkv", "Show S01E06"),
        ("Show/Season 01/Part.V.mkv", "Show S01E05"),
        ("Show/Season 1/Show 101.mkv", "Show S01E01"),
        ("Show/Season 1/Show.112.hdtv.avi", "Show S01E12"),
        ("Show/1/S01E01.mkv", "Show S01E01"),
        ("Show/1. Staffel/S01E01.mkv", "Show S01E01"),
        ("Show/2nd Season/S02E01.mkv", "Show S02E01"),
        ("Show/1ª Temporada/1x01.mkv", "Show S01E01"),
        ("Show/Сезон 1/Серия 3.mkv", "Show S01E03"),
        ("Show/シーズン1/第1話.mkv", "Show S01E01"),
        ("Show/第2季/第01集.mkv", "Show S02E01"),
        ("Show/시즌 1/3화.mkv", "Show S01E03"),
        ("Show/Show (2010) - Season 1/01.mkv", "Show S01E01"),
        ("Show/Season 1/Disc 2/S01E05.mkv", "Show S01E05"),
        ("Show/Season 1/Show S01E01/show.mkv", "Show S01E01"),
        ("Show/Season 1/Episode 3/a.mkv", "Show S01E03"),
        ("Show.S01E01.1080p-GRP/Show.S01E01.1080p-GRP.mkv", "Show S01E01"),
        ("Show.S01E01.1080p-GRP/abc123.mkv", "Show S01E01"),
        ("Show.S01.1080p.BluRay-GRP/Show.S01E01.1080p.mkv", "Show S01E01"),
        ("TV Shows/Fargo S01E01.mkv", "Fargo S01E01"),
        ("Neue Serien/Fargo S01E01.mkv", "Fargo S01E01"),
        ("Downloads/Season 1/Fargo S01E02.mkv", "Fargo S01E02"),
        ("Game of Thrones/GoT S01E01.mkv", "Game of Thrones S01E01"),
        ("[Group] One Piece - 1071 [1080p].mkv", "One Piece E1071"),
        ("One Piece/One Piece - E1071.mkv", "One Piece E1071"),
        (
            "The Colbert Report (2005)/Season 08/The Colbert Report - 2011-11-15 - Guest.avi",
            "The Colbert Report (2005) 2011-11-15",
        ),
        (
            "The Daily Show (1996)/Season 1996/The Daily Show (1996) - 24-07-1996.mkv",
            "The Daily Show (1996) 1996-07-24",
        ),
        ("The Daily Show - 2019.01.02.mkv", "The Daily Show 2019-01-02"),
    ],
)
def test_an_episode_is_called_by_series_season_and_number(path: str, name: str) -> None:
    (film,) = result(path)
    assert film.name == name
    assert film.episode is not None
    assert film.series == name.rpartition(" ")[0]


@pytest.mark.parametrize(
    ("paths", "names_"),
    [
        (["Show/Season 01/S01E01.mkv", "Show/Specials/Show - Christmas.mkv"], ["Show S01E01", "Show S00 Christmas"]),
        (["Show/Season 00/Making of.mkv", "Show/Season 01/S01E01.mkv"], ["Show S00 Making of", "Show S01E01"]),
        (["Show/Season 01/Show S01E03 Part 1.mkv", "Show/Season 01/Show S01E03 Part 2.mkv"], ["Show S01E03"]),
        (["Show/Season 01/S01E03 - pt1.avi", "Show/Season 01/S01E03 - pt2.avi"], ["Show S01E03"]),
        (["Show/Season 01/S01E03a.avi", "Show/Season 01/S01E03b.avi"], ["Show S01E03"]),
        (["Show/Season 01/S01E01 Part 1.mkv", "Show/Season 01/S01E02 Part 2.mkv"], ["Show S01E01", "Show S01E02"]),
        (["Show/Season 01/S01E01.mkv", "Show/Season 01/Making of-behindthescenes.mkv"], ["Show S01E01"]),
        (["Naruto/Naruto 001.mkv", "Naruto/Naruto 002.mkv"], ["Naruto E01", "Naruto E02"]),
        (["Naruto/Naruto - 001 - Enter.mkv", "Naruto/Naruto - 002 - B.mkv"], ["Naruto E01", "Naruto E02"]),
        ([f"Naruto (2002)/00{number}.mkv" for number in (1, 2, 3)], [f"Naruto (2002) E0{n}" for n in (1, 2, 3)]),
        (["Show/Show.103.hdtv.avi", "Show/Show.104.hdtv.avi"], ["Show E103", "Show E104"]),
        (
            ["Fargo (1996)/Fargo (1996).mkv", "Fargo (2014)/Season 01/S01E01.mkv"],
            ["Fargo (1996)", "Fargo (2014) S01E01"],
        ),
        (["Mixed/Dark S01E01.mkv", "Mixed/Fargo S01E01.mkv"], ["Dark S01E01", "Fargo S01E01"]),
    ],
    ids=lambda value: value[0],
)
def test_files_of_a_series_are_its_episodes_and_no_films(paths: list[str], names_: list[str]) -> None:
    films = result(*paths)
    assert sorted(film.name for film in films) == sorted(names_)
    assert all(film.episode is not None or film.name == "Fargo (1996)" for film in films)


@pytest.mark.parametrize(
    ("paths", "name"),
    [
        (["Avatar (2009)/Avatar (2009).mp4", "Avatar (2009)/Avatar (2009).3D.FTAB.mp4"], "Avatar (2009)"),
        (["Avatar (2009).mp4", "Avatar (2009)_3D_mvc.mkv"], "Avatar (2009)"),
        (["Avatar (2009).mp4", "Avatar (2009)-3d-fsbs.mkv"], "Avatar (2009)"),
        (["Heat (1995)/Heat (1995).mkv", "Heat (1995)/VIDEO_TS/VTS_01_1.VOB:9"], "Heat (1995)"),
        (["Heat (1995)/1080p/Heat.mkv", "Heat (1995)/4K/Heat.mkv"], "Heat (1995)"),
        (["Heat (1995)/Heat (1995) - English.mkv", "Heat (1995)/Heat (1995) - German.mkv"], "Heat (1995)"),
        (["Heat (1995)/Heat (1995).mkv", "Heat (1995) - 4K/Heat (1995) - 4K.mkv"], "Heat (1995)"),
        (["Heat (1995) [1080p]/Heat (1995).mkv", "Heat (1995) [4K]/Heat (1995).mkv"], "Heat (1995)"),
        (["M/Heat (1995)/Heat (1995).mkv", "M/Heat (1995) {edition-Final Cut}/b.mkv"], "Heat (1995)"),
        (["Heat.1995.1080p.x264-GRP.mkv", "Heat.1995.2160p.UHD.x265-GRP.mkv"], "Heat.1995.1080p.x264-GRP"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else value,
)
def test_versions_are_one_film_wherever_they_lie(paths: list[str], name: str) -> None:
    (film,) = result(*paths)
    assert (film.name, film.files, len(film.versions)) == (name, (paths[0].partition(":")[0],), 1)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Shelf/Heat (1995)/dvd/VIDEO_TS/VTS_01_1.VOB", "Heat (1995)"),
        ("Heat (1995)/STREAM/00800.m2ts", "Heat (1995)"),
        ("Heat (1995)/BDMV/00800.m2ts", "Heat (1995)"),
        ("Movies/VIDEO_TS/VTS_01_1.VOB", "VIDEO_TS"),
        ("VIDEO_TS/VTS_01_1.VOB", "VIDEO_TS"),
        ("VTS_01_1.VOB", "VTS_01_1"),
    ],
)
def test_a_disc_is_called_by_the_folder_that_says_most(path: str, name: str) -> None:
    assert names(path) == [name]


def test_other_folders_of_a_disc_hold_no_films() -> None:
    others = ["BDMV/BACKUP/x.m2ts", "CERTIFICATE/a.m2ts", "BDMV/JAR/a.m2ts", "AACS/b.m2ts"]
    assert names("Heat (1995)/BDMV/STREAM/00001.m2ts:9", *(f"Heat (1995)/{other}" for other in others)) == [
        "Heat (1995)"
    ]
    assert names("Heat (1995)/00800.m2ts:99", "Heat (1995)/00001.m2ts:9") == ["Heat (1995)"]


@pytest.mark.parametrize(
    "title", ["Extras (2006)", "Clip (2012)", "Trailer (2011)", "Deleted (2020)", "The Interview (2014)"]
)
def test_a_film_called_as_an_extra_is_the_film_of_its_folder(title: str) -> None:
    (film,) = result(f"{title}/{title}.mkv", f"{title}/{title} - 4K.mkv", f"{title}/On the set.mkv")
    assert (film.name, film.files, len(film.versions)) == (title, (f"{title}/{title}.mkv",), 1)


def test_beside_its_film_a_folder_holds_only_extras_unless_a_year_says_otherwise() -> None:
    assert names(HEAT, "Heat (1995)/On the set.mkv", "Heat (1995)/Second disc/a.mkv") == ["Heat (1995)"]
    assert names(HEAT, "Heat (1995)/Ronin (1998).mkv") == ["Heat (1995)", "Ronin (1998)"]
    assert names(HEAT, "Heat (1995)/Ronin (1998)/a.mkv") == ["Heat (1995)", "Ronin (1998)"]


def test_of_files_without_a_telling_name_only_one_by_far_the_largest_is_the_film() -> None:
    assert names("Heat (1995)/abc.mkv:9000", "Heat (1995)/advert.mp4:10") == ["Heat (1995)"]
    assert names("Heat (1995)/abc.mkv:9000", "Heat (1995)/def.mkv:8000") == ["abc", "def"]


def test_parts_whose_folders_share_the_films_name_are_called_by_it_and_not_by_the_shelf() -> None:
    assert names("Movies/Heat (1995) CD1/a.avi", "Movies/Heat (1995) CD2/b.avi") == ["Heat (1995)"]
    assert names("Heat (1995)-cd1/a.avi", "Heat (1995)-cd2/b.avi") == ["Heat (1995)"]
    assert names("Movies/CD1/heat.avi", "Movies/CD2/heat.avi") == ["heat"]


def test_absolute_numbers_and_extras_of_a_series() -> None:
    films = result(
        "One Piece (1999)/Season 01/One Piece S01E01.mkv",
        "One Piece (1999)/One Piece - 1071.mkv",
        "One Piece (1999)/Season 01/extras/Making of.mkv",
        "One Piece (1999)/Trailers/a.mkv",
        "One Piece (1999)/Season 01/One Piece S01E01-trailer.mkv",
    )
    assert [film.name for film in films] == ["One Piece (1999) E1071", "One Piece (1999) S01E01"]


def test_two_versions_of_an_episode_are_one_film() -> None:
    films = result("Dark/Season 01/Dark S01E01 - 1080p.mkv", "Dark/Season 01/Dark S01E01 - 2160p.mkv")
    assert [(film.name, len(film.versions)) for film in films] == [("Dark S01E01", 1)]


def test_a_dvd_is_one_film_of_its_longest_title() -> None:
    files = [
        "Heat (1995)/VIDEO_TS/VIDEO_TS.VOB:100",
        "Heat (1995)/VIDEO_TS/VTS_01_0.VOB:50",
        "Heat (1995)/VIDEO_TS/VTS_01_1.VOB:1000",
        "Heat (1995)/VIDEO_TS/VTS_02_0.VOB:50",
        "Heat (1995)/VIDEO_TS/VTS_02_1.VOB:9000",
        "Heat (1995)/VIDEO_TS/VTS_02_2.VOB:9000",
    ]
    (film,) = result(*files)
    assert film.name == "Heat (1995)"
    assert film.files == ("Heat (1995)/VIDEO_TS/VTS_02_1.VOB", "Heat (1995)/VIDEO_TS/VTS_02_2.VOB")


def test_a_dvd_without_its_folder_is_one_film_too() -> None:
    (film,) = result("Heat (1995)/VTS_01_1.VOB:9", "Heat (1995)/VTS_01_2.VOB:9", "Heat (1995)/VTS_01_0.VOB:1")
    assert (film.name, len(film.files)) == ("Heat (1995)", 2)


def test_a_blu_ray_is_one_film_of_its_largest_stream() -> None:
    (film,) = result("Heat (1995)/BDMV/STREAM/00001.m2ts:10", "Heat (1995)/BDMV/STREAM/00800.m2ts:900")
    assert film.name == "Heat (1995)"
    assert film.files == ("Heat (1995)/BDMV/STREAM/00800.m2ts",)


def test_files_called_by_their_folder_and_a_number_are_episodes() -> None:
    paths = [f"One Piece (1999)/One Piece - {number}.mkv" for number in (1070, 1071, 1072)]

    assert names(*paths) == ["One Piece (1999) E1070", "One Piece (1999) E1071", "One Piece (1999) E1072"]
    assert names(*(f"Naruto/[Group] Naruto - {number:03d} [720p].mkv" for number in (1, 2, 3))) == [
        "Naruto E01",
        "Naruto E02",
        "Naruto E03",
    ]


@pytest.mark.parametrize(
    "paths",
    [
        ["Heat/Heat - 1986.mkv", "Heat/Heat - 1995.mkv", "Heat/Heat - 1996.mkv"],
        ["Shelf/Ocean's - 11.mkv", "Shelf/Ocean's - 12.mkv", "Shelf/Ocean's - 13.mkv"],
        ["One Piece - 1070.mkv", "One Piece - 1071.mkv", "One Piece - 1072.mkv"],
    ],
)
def test_years_and_numbers_of_another_name_make_no_series(paths: list[str]) -> None:
    assert all(film.episode is None for film in result(*paths))
