from hypothesis import given
from hypothesis import strategies as st

from wios_assets.lake.paths import escape_key, unescape_key


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=60))
def test_an_escaped_key_comes_back_as_it_was(key: str) -> None:
    assert unescape_key(escape_key(key)) == key


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1))
def test_an_escaped_key_is_one_folder_name(key: str) -> None:
    assert "/" not in escape_key(key)


def test_keys_that_differ_only_in_what_is_escaped_stay_distinct() -> None:
    assert escape_key("a/b") != escape_key("a%2Fb")


def test_spaces_unicode_and_leading_zeros_stay_readable() -> None:
    assert escape_key("007 – L'Été 日本") == "007 – L%27Été 日本"
