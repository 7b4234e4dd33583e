from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from wios_assets.automation.requests import FilmRequest, film_requests, read_memory, remember, write_memory
from wios_assets.film_index import FilmIndex, IndexEntry

HEAT = IndexEntry("/films/Heat (1995).mkv", 10, 1, "content", True, "sidecar")


def jobs(index: FilmIndex, memory: dict, finished: dict[str, str]) -> dict[str, str]:
    return {request.film: request.job for request in film_requests(index, memory, finished)}


def index_of(entry: IndexEntry) -> FilmIndex:
    return FilmIndex({"Heat": entry})


def test_a_new_film_asks_for_its_whole_way() -> None:
    assert jobs(index_of(HEAT), {}, {}) == {"Heat": "film_map"}


def test_a_film_that_was_finished_from_the_command_line_asks_for_nothing() -> None:
    assert jobs(index_of(HEAT), {}, {"Heat": "content"}) == {}


def test_nothing_is_asked_twice() -> None:
    assert jobs(index_of(HEAT), remember(index_of(HEAT)), {}) == {}


def test_other_content_under_a_known_name_asks_for_the_whole_way_again() -> None:
    changed = replace(HEAT, fingerprint="other")
    assert jobs(index_of(changed), remember(index_of(HEAT)), {"Heat": "content"}) == {"Heat": "film_map"}


def test_a_renamed_film_is_named_again_but_not_analysed_again() -> None:
    renamed = replace(HEAT, path="/films/Heat.mkv")
    assert jobs(index_of(renamed), remember(index_of(HEAT)), {"Heat": "content"}) == {"Heat": "film_names"}


def test_a_changed_sidecar_asks_for_names_alone() -> None:
    edited = replace(HEAT, sidecar_hash="other")
    assert jobs(index_of(edited), remember(index_of(HEAT)), {"Heat": "content"}) == {"Heat": "film_names"}


def test_a_failed_film_is_tried_again_once_its_sidecar_changes() -> None:
    edited = replace(HEAT, sidecar_hash="other")
    assert jobs(index_of(edited), remember(index_of(HEAT)), {}) == {"Heat": "film_map"}


def test_a_removed_film_asks_only_for_its_mark_in_the_library() -> None:
    removed = index_of(replace(HEAT, present=False))
    assert jobs(removed, remember(index_of(HEAT)), {"Heat": "content"}) == {"Heat": "library_refresh"}
    assert jobs(removed, remember(index_of(HEAT)), {}) == {}


def test_a_film_that_comes_back_asks_for_the_library_to_say_so() -> None:
    gone = index_of(replace(HEAT, present=False))
    assert jobs(index_of(HEAT), remember(gone), {"Heat": "content"}) == {"Heat": "film_names"}


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
def test_the_memory_survives_the_cursor(films: dict[str, IndexEntry]) -> None:
    memory = remember(FilmIndex(films))
    assert read_memory(write_memory(memory)) == memory


@given(entries, entries, st.sampled_from([None, "x", "y"]))
def test_a_state_that_was_asked_for_is_never_asked_for_again(
    before: IndexEntry, now: IndexEntry, finished: str | None
) -> None:
    done = {"Heat": finished} if finished else {}
    first = film_requests(index_of(now), remember(index_of(before)), done)
    assert len(first) <= 1
    assert all(isinstance(request, FilmRequest) for request in first)
    assert film_requests(index_of(now), remember(index_of(now)), done) == []
