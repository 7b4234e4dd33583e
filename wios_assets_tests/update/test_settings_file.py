"""Settings files of earlier versions: old names are written as they are called now, all else stays."""

from __future__ import annotations

import pytest
import yaml

from wios_assets.settings import GROUPS
from wios_assets.settings.old_names import MOVED
from wios_assets.update.settings_file import renew_settings


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("settle_seconds: 5\n", {"inbox": {"settle_seconds": 5}}),
        ("naming:\n  certain: 0.9\nname_wrong_share: 0.1\n", {"naming": {"certain": 0.9, "wrong_share": 0.1}}),
        ("inbox: {settle_seconds: 3}\nsensor_seconds: 4", {"inbox": {"settle_seconds": 3, "sensor_seconds": 4}}),
        ("inbox:\nsettle_seconds: 4\n", {"inbox": {"settle_seconds": 4}}),
        ("inbox:\n  settle_seconds: 3\nsettle_seconds: 9\n", {"inbox": {"settle_seconds": 3}}),
        ("inbox: {}\nsettle_seconds: 9 # nine\n", {"inbox": {"settle_seconds": 9}}),
        ('films: "a: b"\nimdb_address: "http://x/#y"\n', {"films": "a: b", "imdb_load": {"address": "http://x/#y"}}),
        (
            "name_recogniser: >-\n  nearest\n  photo\ndata: /d\n",
            {"naming": {"recogniser": "nearest photo"}, "data": "/d"},
        ),
        ("ui_port: 3000\nengine: onnx\n", {"engine": "onnx"}),
    ],
)
def test_old_names_are_written_as_they_are_called_now(before: str, after: dict[str, object]) -> None:
    renewed = renew_settings(before)
    assert yaml.safe_load(renewed.text) == after
    assert renewed.changes
    assert not renew_settings(renewed.text).changes


def test_comments_and_other_lines_stay_as_they_are() -> None:
    text = "# my films\nfilms: /films  # on the NAS\n\nsettle_seconds: 5\n# the end\n"
    assert renew_settings(text).text == (
        "# my films\nfilms: /films  # on the NAS\n\n# settle_seconds: 5\n# the end\ninbox:\n  settle_seconds: 5\n"
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "data: /d\nnaming: {certain: 0.9}\n", "- a list\n"])
def test_a_file_without_old_names_stays_byte_for_byte(text: str) -> None:
    renewed = renew_settings(text)
    assert (renewed.text, renewed.changes, renewed.left) == (text, [], [])


def test_what_another_file_holds_now_is_left_to_a_person() -> None:
    renewed = renew_settings("detector_mean: [1, 2, 3]\n")
    assert renewed.text == "detector_mean: [1, 2, 3]\n"
    assert "in the description beside the file of detector_model" in renewed.left[0]


def test_every_moved_setting_leads_to_one_that_exists() -> None:
    for old, new in MOVED.items():
        group, name = new.split(".")
        assert name in GROUPS[group].model_fields, old
