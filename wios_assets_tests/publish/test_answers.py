"""The log of answers on real servers: each answer once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from wios_assets.lake.answer_queue import AnswerQueue
from wios_assets.lake.prediction_log import Answer, PredictionLog
from wios_assets.lake.store import read_rows
from wios_assets.publish.answers import server_log
from wios_assets.publish.migration import Schema
from wios_assets.publish.server import open_server
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import PREDICTION_LOG
from wios_assets_tests.publish.compared import in_order, plain
from wios_assets_tests.publish.servers import PASSWORD, RunningServer

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path, server: RunningServer, database: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("wios_assets.lake.prediction_log.FLUSH_EVERY_S", 600)
    publish = {"address": server.address(database), "password": PASSWORD}
    return load_settings(data=tmp_path / "data", publish=publish)


def answer(second: float) -> Answer:
    people = [("Al 'Q' Pacino \"日本\"", 0.5), ("unknown:1", None)]
    return Answer(
        time.time(), "heat", second, [name for name, _ in people], [sure for _, sure in people], "m", "s", "api", 0.0021
    )


def rows_of_server(settings: Settings) -> list[Any]:
    server = open_server(settings)
    assert server is not None
    with server.connect() as connection:
        rows = connection.execute(Schema(server).tables["prediction_log"].select()).all()
    return in_order(tuple(map(plain, row)) for row in rows)


def rows_of_lake(settings: Settings) -> list[Any]:
    rows = read_rows(settings.lake, PREDICTION_LOG).to_pylist()
    return in_order(tuple(map(plain, row.values())) for row in rows)


def test_answers_are_in_the_lake_and_on_the_server(settings: Settings) -> None:
    log = PredictionLog(settings.lake, 100, server_log(settings))
    for second in range(5):
        log.note(answer(second))
    log.flush()
    log.note(answer(99))
    log.close()
    assert len(rows_of_server(settings)) == 6
    assert rows_of_server(settings) == rows_of_lake(settings)


def test_answers_given_while_the_server_is_away_follow_and_none_comes_twice(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = settings.model_copy(
        update={
            "publish": settings.publish.model_copy(update={"address": settings.publish.address.replace("own", "x")})
        }
    )
    log = PredictionLog(settings.lake, 100, server_log(away))
    log.note(answer(1))
    log.close()
    assert len(rows_of_lake(settings)) == 1

    log = PredictionLog(settings.lake, 100, server_log(settings))

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # The server has the answer, and the process is killed before the queue knows.
        patch.setattr(AnswerQueue, "delivered", dies)
        with pytest.raises(KeyboardInterrupt):
            log.flush()
    log.note(answer(2))
    log.close()
    assert len(rows_of_server(settings)) == 2
    assert rows_of_server(settings) == rows_of_lake(settings)
