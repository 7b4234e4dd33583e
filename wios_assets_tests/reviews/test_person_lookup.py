"""A typed name is a person of the cast in any spelling, or a new person where that is asked for."""

import pytest

from wios_assets.errors import WiosError
from wios_assets.reviews.person_lookup import person_meant, tracks_of_unknown

CAST = ("Renée Zellweger", "Ken Watanabe")


def test_the_spelling_of_the_cast_is_taken() -> None:
    assert person_meant(CAST, " renee  zellweger ") == "Renée Zellweger"
    assert person_meant(CAST, "Ken_Watanabe", new=True) == "Ken Watanabe"


def test_only_the_cast_is_accepted_unless_a_new_person_is_asked_for() -> None:
    with pytest.raises(WiosError, match="not in its cast"):
        person_meant(CAST, "Somebody Else")
    assert person_meant(CAST, "  Somebody   Else ", new=True) == "Somebody Else"
    assert person_meant(CAST, "渡辺 謙", new=True) == "渡辺 謙"


@pytest.mark.parametrize("name", ["", "   ", "x" * 200, "unknown:7", "a\x00b", "a\u202eb"])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(WiosError):
        person_meant(CAST, name, new=True)


def test_an_earlier_number_leads_to_the_person_it_was_merged_into_or_named() -> None:
    names: list[dict[str, object]] = [
        {"track": 0, "actor": "unknown:2", "numbers": [2, 5]},
        {"track": 1, "actor": "unknown:2", "numbers": [2]},
        {"track": 2, "actor": "Ada", "numbers": [3]},
        {"track": 3, "actor": "Ada", "numbers": []},
        {"track": 4, "actor": None, "numbers": None},
    ]
    assert tracks_of_unknown(names, "unknown:2") == tracks_of_unknown(names, "unknown:5") == [0, 1]
    assert tracks_of_unknown(names, "unknown:3") == [2]
    assert tracks_of_unknown(names, "unknown:4") == []
