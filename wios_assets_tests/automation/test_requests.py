from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from wios_assets.automation.requests import FilmFiles, film_requests, read_cursor, write_cursor
from wios_assets.films.index import FilmIndex, IndexEntry

DONE = {"Heat": "content"}
HEAT = IndexEntry("/films/Heat (1995).mkv", 10, 1, "content", True, "sidecar")


def jobs(index: FilmIndex, seen: dict[str, FilmFiles], finished: dict[str, str], sources: str = "g") -> dict[str, str]:
    return {request.film: request.job for request in film_requests(index, seen, finished, sources)[0]}


def after(index: FilmIndex, finished: dict[str, str], sources: str = "g") -> dict[str, FilmFiles]:
    """The files seen once everything was requested."""
    return film_requests(index, {}, finished, sources)[1]


def index_of(entry: IndexEntry) -> FilmIndex:
    return FilmIndex({"Heat": entry})


def test_a_new_film_asks_for_its_whole_way() -> None:
    assert jobs(index_of(HEAT), {}, {}) == {"Heat": "film_map"}


def test_a_film_that_was_finished_from_the_command_line_asks_for_nothing() -> None:
    assert jobs(index_of(HEAT), {}, {"Heat": "content"}) == {}


def test_nothing_is_asked_twice() -> None:
    assert jobs(index_of(HEAT), after(index_of(HEAT), {}), {}) == {}


def test_other_content_under_a_known_name_asks_for_the_whole_way_again() -> None:
    changed = replace(HEAT, fingerprint="other")
    assert jobs(index_of(changed), after(index_of(HEAT), DONE), DONE) == {"Heat": "film_map"}


def test_a_renamed_film_is_named_again_but_not_analysed_again() -> None:
    renamed = replace(HEAT, path="/films/Heat.mkv")
    assert jobs(index_of(renamed), after(index_of(HEAT), DONE), DONE) == {"Heat": "film_names"}


def test_a_changed_sidecar_asks_for_names_alone() -> None:
    edited = replace(HEAT, sidecar_hash="other")
    assert jobs(index_of(edited), after(index_of(HEAT), DONE), DONE) == {"Heat": "film_names"}


def test_a_failed_film_is_tried_again_once_its_sidecar_changes() -> None:
    edited = replace(HEAT, sidecar_hash="other")
    assert jobs(index_of(edited), after(index_of(HEAT), {}), {}) == {"Heat": "film_map"}


def test_a_removed_film_asks_only_for_its_mark_in_the_library() -> None:
    removed = index_of(replace(HEAT, present=False))
    assert jobs(removed, after(index_of(HEAT), DONE), DONE) == {"Heat": "library_refresh"}
    assert jobs(removed, after(index_of(HEAT), {}), {}) == {}


def test_a_film_that_comes_back_asks_for_the_library_to_say_so() -> None:
    gone = index_of(replace(HEAT, present=False))
    assert jobs(index_of(HEAT), after(gone, DONE), DONE) == {"Heat": "film_names"}


entries = st.builds(
    IndexEntry,
    path=st.sampled_from(["/a", "/b"]),
    size=st.just(1),
    mtime_ns=st.just(1),
    fingerprint=st.sampled_from(["x", "y"]),
    present=st.booleans(),
    sidecar_hash=st.sampled_from(["", "s"]),
)


@given(st.dictionaries(st.text(min_size=1, max_size=5), entries, max_size=4))
def test_the_files_survive_the_cursor(films: dict[str, IndexEntry]) -> None:
    seen = after(FilmIndex(films), {})
    assert read_cursor(write_cursor(seen)) == seen


@given(entries, entries, st.sampled_from([None, "x", "y"]), st.booleans())
def test_a_state_that_was_asked_for_is_never_asked_for_again(
    before: IndexEntry, now: IndexEntry, finished: str | None, wait: bool
) -> None:
    done = {"Heat": finished} if finished else {}
    seen = after(index_of(before), done)
    first, seen = film_requests(index_of(now), seen, done, "g", wait)
    assert len(first) <= 1
    assert film_requests(index_of(now), seen, done, "g", wait)[0] == []


def test_a_film_that_failed_is_tried_again_when_photos_or_tables_change() -> None:
    assert jobs(index_of(HEAT), after(index_of(HEAT), {}, "before"), {}, "after") == {"Heat": "film_map"}


def test_a_film_that_was_finished_by_the_run_asked_for_needs_nothing_more() -> None:
    assert jobs(index_of(HEAT), after(index_of(HEAT), {}), DONE) == {}
    assert jobs(index_of(HEAT), after(index_of(HEAT), DONE, "before"), DONE, "after") == {}


def test_a_sidecar_edited_while_the_film_ran_asks_for_names_once_it_is_finished() -> None:
    edited = replace(HEAT, sidecar_hash="other")
    assert jobs(index_of(edited), after(index_of(HEAT), {}), DONE) == {"Heat": "film_names"}


def test_a_film_is_held_back_while_its_photos_are_being_copied_and_asked_for_afterwards() -> None:
    requests, seen = film_requests(index_of(HEAT), {}, {}, "g", wait=True)
    assert requests == []
    assert jobs(index_of(HEAT), seen, {}) == {"Heat": "film_map"}


def test_a_cursor_of_an_older_version_counts_as_none() -> None:
    assert read_cursor('{"Heat": {"fingerprint": "content", "grounds": "g"}}') == {}
