"""A typed name is a person of the cast in any spelling, or a new person where that is said."""

import pytest

from wios_assets.errors import WiosError
from wios_assets.reviews.person_lookup import person_meant

CAST = ("Renée Zellweger", "Ken Watanabe")


def test_the_spelling_of_the_cast_is_taken() -> None:
    assert person_meant(CAST, " renee  zellweger ") == "Renée Zellweger"
    assert person_meant(CAST, "Ken_Watanabe", new=True) == "Ken Watanabe"


def test_nobody_else_is_meant_unless_that_is_said() -> None:
    with pytest.raises(WiosError, match="not in its cast"):
        person_meant(CAST, "Somebody Else")
    assert person_meant(CAST, "  Somebody   Else ", new=True) == "Somebody Else"
    assert person_meant(CAST, "渡辺 謙", new=True) == "渡辺 謙"


@pytest.mark.parametrize("name", ["", "   ", "x" * 200, "unknown:7", "a\x00b", "a\u202eb"])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(WiosError):
        person_meant(CAST, name, new=True)
