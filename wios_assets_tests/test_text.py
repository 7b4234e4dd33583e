from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.text import caseless, fold, letters_beyond_latin, name_key, plain, words


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Zoë Kravitz", "zoe  kravitz"),
        ("Søren Łukasz Æðel", "Soren Lukasz Aedel"),
        ("Straße", "STRASSE"),
        ("İpek Yılmaz", "ipek yilmaz"),
        ("Ελένη", "ΕΛΕΝΗ"),
        ("Семён", "СЕМЕН"),
        ("محمَّد", "محمد"),
        ("דָּוִד", "דוד"),
        ("ＡＢＣ", "abc"),
        ("ﾐﾌﾈ", "ミフネ"),
        ("𝐀da", "ada"),
        ("\u200fأسماء", "اسماء"),
        ("محـمد", "محمد"),
        ("علی\u200cرضا", "علیرضا"),
        ("Ka\u02bbiulani", "Kaiulani"),
        ("Ａｌ Ｐａｃｉｎｏ", "al pacino"),
        ("ISIL Ilgaz", "ışıl ılgaz"),
        ("Андре\u0439", "Андре\u0438\u0306"),
    ],
)
def test_spellings_of_one_name_fold_alike(name: str, other: str) -> None:
    assert fold(name) == fold(other)
    assert name_key(name) == name_key(other)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("कमल", "कमला"),
        ("सीता", "सुता"),
        ("กี", "กา"),
        ("ปีติ", "ปิติ"),
        ("かき", "かぎ"),
        ("ハハ", "パパ"),
        ("ﾊﾊ", "ﾊﾟﾊﾟ"),
        ("தமிழ்", "தமழ்"),
        ("김민수", "김민소"),
        ("राम", "रोमा"),
        ("Лий", "Лии"),
        ("Їжак", "Іжак"),
        ("বিমল", "বিমলা"),
        ("ແກ້ວ", "ແກວ"),
    ],
)
def test_names_that_differ_by_a_sign_of_their_script_stay_distinct(name: str, other: str) -> None:
    assert fold(name) != fold(other)
    assert name_key(name) != name_key(other)


def test_case_alone_keeps_accents_and_punctuation() -> None:
    assert caseless(" Léon:  The\tProfessional ") == "léon: the professional"
    assert caseless("Léon") != caseless("Leon")


def test_invisible_marks_distinguish_no_names() -> None:
    assert caseless("\u202bHeat\u202c") == caseless("He\u00adat") == "heat"
    assert plain("\ufeffＨｅａｔ （１９９５）［ｔｔ0113277］") == "Heat (1995)[tt0113277]"


def test_letters_beyond_latin_are_what_a_key_of_bare_letters_leaves_out() -> None:
    assert letters_beyond_latin("Léon: The Professional") == ""
    assert letters_beyond_latin("राम 2") != letters_beyond_latin("रोमा 2")
    assert letters_beyond_latin("かぎ") != letters_beyond_latin("かき")


def test_words_have_accents_and_no_punctuation() -> None:
    assert words("Léon: The_Professional (1994)") == "léon the professional 1994"
    assert words("कमला!") == "कमला"


def test_a_key_has_no_spaces_or_punctuation() -> None:
    assert name_key("Robert_De.Niro-Jr. (1)") == "robertdenirojr1"
    assert name_key("---") == ""


@given(st.text())
def test_composed_and_decomposed_text_compare_alike(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert caseless(composed) == caseless(decomposed)
    assert fold(composed) == fold(decomposed)
    assert name_key(composed) == name_key(decomposed)


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert name_key(name_key(text)) == name_key(text)
