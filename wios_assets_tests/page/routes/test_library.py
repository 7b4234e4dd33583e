"""The pages over all films: sorting and filtering, posters, an actor's scenes and photos, plots, and the overview."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from pydantic import TypeAdapter

from wios_assets.films.index import FilmIndex, IndexEntry, write_index
from wios_assets.films.registry import index_path
from wios_assets.lake.library import publish
from wios_assets.page import models
from wios_assets.refined_tables import ACTOR_OUTLIERS, FILM_OUTLIERS, OUTLIERS
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.reviewed_lake import FILM, store_reviewed_film
from wios_assets_tests.sample_lake import GRACE, SCREEN_TIME, fill, library_row, store

OLD, LONG, UNKNOWN = "Old (1950)", "Long (2001)", "Unknown (1999)"


def picture(size: tuple[int, int], kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, kind)
    return out.getvalue()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("library")
    settings = load_settings(data=folder / "data", cache=folder / "cache")
    rows = [
        library_row(OLD, title="Old", year=1950, path=str(settings.films / OLD / "old.mkv")),
        library_row(LONG, title="Long", year=2001, duration_s=9000.0),
        library_row(UNKNOWN, title="Unknown", year=1999, duration_s=600.0),
    ]
    fill(settings.lake, *rows)
    stranger = {**SCREEN_TIME[2], "seconds": 500.0}
    store(settings.lake, "screen_time", [*SCREEN_TIME[:2], stranger], UNKNOWN)
    rows.append(store_reviewed_film(settings.lake, FILM, year=1995))
    store(settings.lake, "library", rows)
    video = settings.films / OLD / "old.mkv"
    video.parent.mkdir(parents=True)
    video.write_bytes(b"no video")
    (video.parent / "poster.png").write_bytes(picture((1000, 1500), "PNG"))
    photos = [
        {"actor": "Grace Hopper", "photo": f"/p/{verdict}.jpg", "verdict": verdict, "reason": verdict}
        | {"thumbnail": picture((50, 50))}
        for verdict in ("too_small", "used")
    ]
    store(settings.lake, "gallery_photos", photos, LONG)
    plot = settings.exports / OUTLIERS / "actors" / "Grace Hopper.png"
    plot.parent.mkdir(parents=True)
    plot.write_bytes(picture((40, 30), "PNG"))
    outlier = {"film": LONG, "figure": "share", "robust_z": 4.0, "sentence": "far <off>", "picture": str(plot)}
    store(settings.lake, ACTOR_OUTLIERS.name, [{**outlier, "actor": "Grace Hopper", "nconst": GRACE["nconst"]}])
    elsewhere = settings.data / "secret.png"
    elsewhere.write_bytes(picture((40, 30), "PNG"))
    store(settings.lake, FILM_OUTLIERS.name, [{**outlier, "picture": str(elsewhere)}])
    publish(settings.lake, settings.library)
    write_index(index_path(settings), FilmIndex(films={"New (2024)": IndexEntry("/films/new.mkv", 1, 1, "1")}))
    return settings


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Page]:
    with serving(settings) as page:
        yield page


def shown(page: Page, query: str) -> list[str]:
    films = page.json(f"/api/films?{query}")
    TypeAdapter(models.FilmList).validate_python(films, strict=True)
    keys = [film["key"] for film in films["films"]]
    titles = re.findall(r'<span class="film-title">([^<]+?) ?<', page.get(f"/?{query}").text)
    assert [title.split(" (")[0] for title in titles] == [key.split(" (")[0] for key in keys]
    return keys


def test_films_are_sorted(page: Page) -> None:
    assert shown(page, "sort=year")[:2] == [LONG, UNKNOWN]
    assert shown(page, "sort=length")[:2] == [LONG, UNKNOWN]
    assert shown(page, "sort=unknown")[0] == UNKNOWN
    assert shown(page, "sort=added")[0] == OLD
    assert shown(page, "sort=title")[0] == "New (2024)"


def test_films_are_filtered_by_state_year_length_and_unknown_share(page: Page) -> None:
    assert shown(page, "state=queued") == ["New (2024)"]
    assert shown(page, "state=ready&year_from=1990&year_to=1999") == [FILM, UNKNOWN]
    assert shown(page, "minutes_from=5&minutes_to=&year_from=") == [LONG, UNKNOWN]
    assert shown(page, "unknown_from=0.5") == [UNKNOWN]
    assert shown(page, "q=hopper&year_to=1960") == [OLD]
    assert "No film fits" in page.get("/?state=failed").text
    for query in ("sort=odd", "state=odd", "year_from=x", "unknown_from=2"):
        assert page.get(f"/api/films?{query}").status_code == 400


def test_the_filter_stays_in_the_links_to_further_pages(page: Page) -> None:
    text = page.get("/?sort=year&year_from=1990").text
    assert '<option value="year" selected>' in text
    assert 'name="year_from" min="1870" max="2200" value="1990"' in text


def test_a_poster_beside_the_film_is_shown_scaled_down(page: Page, settings: Settings) -> None:
    answer = page.get(f"/artwork/{OLD}")
    assert answer.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.content)) as poster:
        assert poster.size == (400, 600)
    # Without one, whatever the film itself has.
    assert page.get(f"/artwork/{LONG}").status_code == 200
    (settings.films / OLD / "poster.png").write_bytes(b"broken")
    assert page.get(f"/artwork/{OLD}").status_code == 200


def test_an_actor_has_photos_with_verdicts_scenes_and_links_to_common_scenes(page: Page) -> None:
    text = page.get("/actor/nm0393790").text
    assert text.index("of=%2Fp%2Fused.jpg") < text.index("of=%2Fp%2Ftoo_small.jpg")
    assert "too small" in text
    assert 'href="/film/Old%20%281950%29?t=1.00">Old, ' in text
    assert "Longest scene" in text


def test_plots_of_outliers_are_shown_and_no_other_file_is(page: Page) -> None:
    assert "far &lt;off&gt;" in page.get("/actor/nm0393790").text
    assert page.get("/outliers/actor/nm0393790").headers["content-type"] == "image/png"
    text = page.get(f"/film/{LONG}").text
    assert "far &lt;off&gt;" in text
    assert "/outliers/film/" not in text
    assert page.get(f"/outliers/film/{LONG}").status_code == 404
    assert page.get("/outliers/odd/x").status_code == 404


def test_the_overview_adds_up(page: Page, settings: Settings) -> None:
    overview = page.json("/api/overview")
    TypeAdapter(models.OverviewDocument).validate_python(overview, strict=True)
    assert (overview["films"], overview["states"]["ready"], overview["states"]["queued"]) == (4, 4, 1)
    assert overview["hours"] == pytest.approx((90 + 9000 + 600 + 90) / 3600, abs=0.001)
    assert overview["named_share"] + overview["unknown_share"] == pytest.approx(1)
    most = overview["most_seen"][0]
    assert (most["actor"], most["films"], most["seconds"]) == ("Eileen Collins", 3, 59.25)
    assert overview["to_review"] == [{"film": FILM, "title": FILM, "weak": 2, "unknown": 1}]
    assert overview["lake_bytes"] > 10_000
    text = page.get("/overview").text
    assert "1 unknown person, 2 weak tracks" in text
    assert 'href="/?state=queued"' in text


def test_a_library_without_films_has_an_overview(tmp_path: Path) -> None:
    with serving(load_settings(data=Path(tmp_path) / "data", cache=tmp_path / "cache")) as page:
        assert page.json("/api/overview")["films"] == 0
        assert "No films yet" in page.get("/overview").text
        assert "No films yet" in page.get("/").text
