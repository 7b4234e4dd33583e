from __future__ import annotations

from pathlib import Path

import pytest

from wios_assets.lake import prediction_log
from wios_assets.lake.library import publish
from wios_assets.lake.store import read_rows
from wios_assets.settings import load_settings
from wios_assets.tables import PREDICTION_LOG
from wios_assets_tests.page.served import serving
from wios_assets_tests.sample_lake import fill, library_row


def test_every_answer_to_who_is_logged_by_whoever_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    fill(settings.lake, library_row("heat", title="Heat"))
    publish(settings.lake, settings.library)
    monkeypatch.setattr(prediction_log, "FLUSH_EVERY_S", 600)
    with serving(settings) as page:
        page.json("/api/films/heat/who?t=11")
        etag = page.get("/api/films/heat/who?t=5&source=page").headers["etag"]
        assert page.get("/api/films/heat/who?t=5", if_none_match=etag).status_code == 304
        assert page.get("/api/films/heat/who?t=900").status_code == 400
        assert page.get("/api/films/heat/who?t=5&source=other").status_code == 400
    rows = read_rows(settings.lake, PREDICTION_LOG).to_pylist()
    assert [(row["film"], row["time_s"], row["actors"], row["source"]) for row in rows] == [
        ("heat", 11.0, ["Grace Hopper", "unknown:1"], "api"),
        ("heat", 5.0, ["Grace Hopper"], "page"),
        ("heat", 5.0, ["Grace Hopper"], "api"),
    ]
    assert rows[0]["probabilities"] == [0.98, None]
    assert all(0 < row["duration_ms"] < 60_000 for row in rows)
    assert etag.strip('W/"').startswith(rows[0]["map_state"])
