"""A real clip with real photos goes the whole way: add, run, export, and is held against its truth."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from wios_assets.timeline.evaluation import evaluate
from wios_assets.timeline.truth import read_truth
from wios_assets_tests.cli.command_line import Wios

pytestmark = [pytest.mark.slow, pytest.mark.devset]

CLIP = "friends.mp4"


def test_a_real_clip_is_named_rightly_from_file_to_export(
    devset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wios = Wios(tmp_path / "data", monkeypatch, capsys)
    monkeypatch.setenv("WIOS_SPARK_MASTER", "local[2]")
    with (devset / "clips" / "cast.csv").open(encoding="utf-8") as file:
        cast = {row["clip"]: row["cast"] for row in csv.DictReader(file)}[CLIP]
    added = wios("film", "add", devset / "clips" / CLIP, "--gallery", devset / "ident" / "gallery", "--cast", cast)
    assert added.code == 0, added.err
    ran = wios("run", "friends")
    assert ran.code == 0, ran.err
    out = tmp_path / "friends.csv"
    assert wios("export", "friends", "--what", "appearances", "--format", "csv", "-o", out).code == 0
    exported = pd.read_csv(out)
    assert list(exported.columns[:4]) == ["start_s", "end_s", "actor", "probability"]
    figures = evaluate(read_truth(devset / "clips" / "truth.csv", CLIP), exported).figures
    assert figures["precision"] >= 0.95
    assert figures["recall_frontal"] >= 0.9
    assert figures["zone_precision"] >= 0.9
    assert figures["recall"] >= 0.85
