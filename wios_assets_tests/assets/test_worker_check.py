"""What a worker lacks, compared with the driver."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from wios_assets.assets.worker_check import problems

EXPECTED: dict[str, Any] = {
    "python": "3.11.9",
    "packages": {"wios-assets": "0.1.0", "onnxruntime": "1.23.0", "dlib-bin": None},
    "models": "abc",
    "probe": True,
}
SOUND: dict[str, Any] = {
    "host": "desk",
    "python": "3.11.2",
    "executable": "/opt/wios/bin/python",
    "packages": {"wios-assets": "0.1.0", "onnxruntime": "1.23.0", "dlib-bin": None},
    "fault": "",
    "models": "abc",
    "roots": {
        name: {"path": f"/srv/{name}", "readable": True, "writable": name != "films"}
        for name in ("films", "lake", "cache")
    },
    "probe": True,
    "clock_s": 0.0,
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The sound report with one fact changed."""
    report = copy.deepcopy(SOUND)
    *folders, name = path.split("/")
    target = report
    for folder in folders:
        target = target[folder]
    target[name] = value
    return report


def test_a_worker_like_the_driver_lacks_nothing() -> None:
    assert list(problems(SOUND, EXPECTED)) == []


@pytest.mark.parametrize(
    ("path", "value", "subject", "says", "fatal"),
    [
        ("python", "3.12.1", "python", "Python 3.12.1 at /opt/wios/bin/python, here 3.11.9", True),
        ("packages/wios-assets", None, "packages", "/opt/wios/bin/python has no WIOS", True),
        ("packages/onnxruntime", None, "packages", "no onnxruntime", True),
        ("packages/onnxruntime", "1.22.0", "packages", "onnxruntime 1.22.0, here 1.23.0", False),
        ("fault", "BadInput: WIOS_LAKE: …", "settings", "WIOS_LAKE", True),
        ("models", "abd", "models", "abd", True),
        ("roots/films/readable", False, "folders", "/srv/films: not there", True),
        ("roots/lake/writable", False, "folders", "/srv/lake: cannot be written", True),
        ("probe", False, "folders", "/srv/lake: not the folder that is the lake here", True),
        ("clock_s", -90.0, "clock", "-90 s", False),
    ],
)
def test_each_lack_is_said_with_a_remedy(path: str, value: object, subject: str, says: str, fatal: bool) -> None:
    (problem,) = problems(changed(path, value), EXPECTED)
    assert (problem.subject, problem.fatal) == (subject, fatal)
    assert says in problem.message
    assert problem.remedy
