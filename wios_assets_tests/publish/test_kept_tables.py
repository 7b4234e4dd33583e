"""`wios update` over databases of an earlier version on real servers: migrated, kept, and put back as they were."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wios_assets.publish import migration
from wios_assets.publish.publisher import open_publisher
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.publish.compared import differing_tables
from wios_assets_tests.publish.servers import PASSWORD, RunningServer
from wios_assets_tests.sample_lake import fill, library_row, store

pytestmark = pytest.mark.slow

EARLIER = {
    "postgresql": """
        DROP VIEW film_overview;
        CREATE VIEW film_overview AS SELECT film, title, '100 %' AS done FROM library;
        COMMENT ON VIEW film_overview IS 'An earlier view, 5 % shorter';
        ALTER TABLE film_statistics DROP COLUMN engine, DROP COLUMN speed;
        ALTER TABLE prediction_log DROP COLUMN map_state, ADD COLUMN note text;
        COMMENT ON COLUMN prediction_log.note IS 'What was noted, in % or "words"';
        COMMENT ON TABLE prediction_log IS 'One row is an earlier answer';
        ALTER TABLE shots DROP CONSTRAINT shots_pkey;
        CREATE INDEX shots_start_s ON shots (start_s);
        CREATE TABLE earlier (film text PRIMARY KEY, at timestamptz);
        INSERT INTO earlier VALUES ('one', '1937-10-08 12:00:00+00');
        INSERT INTO prediction_log (asked_at, film, actors, probabilities, note)
            VALUES ('2026-01-02 03:04:05.678901+00', 'one', '{"A, \\"B\\"", NULL}', '{0.5, NULL}',
                    E'NULL,\\n"\\\\N" 100 %'),
                   ('2026-01-02 03:04:06+00', 'two', NULL, '{}', NULL);
        GRANT SELECT ON film_overview, earlier TO {reader};
    """,
    "mariadb": """
        DROP VIEW film_overview;
        CREATE VIEW film_overview AS SELECT film, title, '100 %' AS done FROM library;
        ALTER TABLE film_statistics DROP COLUMN engine, DROP COLUMN speed;
        ALTER TABLE prediction_log DROP COLUMN map_state,
            ADD COLUMN note text COMMENT 'What was noted, in % or "words"',
            COMMENT 'One row is an earlier answer';
        ALTER TABLE shots DROP PRIMARY KEY, ADD INDEX shots_start_s (start_s);
        CREATE TABLE earlier (film varchar(255) PRIMARY KEY, at datetime(6)) COLLATE utf8mb4_nopad_bin;
        INSERT INTO earlier VALUES ('one', '1937-10-08 12:00:00.5');
        INSERT INTO prediction_log (asked_at, film, actors, probabilities, note)
            VALUES ('2026-01-02 03:04:05.678901', 'one', '["A, \\\\"B\\\\"", null]', '[0.5, null]',
                    'NULL,\\n"\\\\N" 100 %'),
                   ('2026-01-02 03:04:06', 'two', NULL, '[]', NULL);
        GRANT SELECT ON film_overview TO {reader};
        GRANT SELECT ON earlier TO {reader};
    """,
}
"""Turns tables of this version into those of an earlier one: columns, keys, comments, views and a table are others."""
LATER = "INSERT INTO prediction_log (asked_at, film) VALUES ('2026-11-29 15:00:00', 'later');"


@pytest.fixture
def wios(
    tmp_path: Path,
    server: RunningServer,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Wios:
    """The command line over a lake of one film and a server that an earlier version published it to."""
    wios = Wios(tmp_path / "data", monkeypatch, capsys)
    monkeypatch.setenv("WIOS_PUBLISH__ADDRESS", server.address(database))
    monkeypatch.setenv("WIOS_PUBLISH__PASSWORD", PASSWORD)
    monkeypatch.setenv("WIOS_PUBLISH__READER", f"{database}_reader")
    settings = wios.settings
    fill(settings.lake, library_row("one", title="Ünï \\ 日本 100 %"))
    store(settings.lake, "refined/film_statistics", [{"film": "one", "reviews": 1, "mean_probability": 1 / 3}])
    with open_publisher(settings) as publisher:
        publisher.catch_up()
    # The user of WIOS, whose tables they are.
    with open_publisher(settings) as publisher:
        connection = publisher.schema.server.engine.connect()
    with connection:
        for statement in EARLIER[server.kind].split(";\n"):
            if statement.strip():
                own = statement.replace("{reader}", settings.publish.reader)
                connection.exec_driver_sql(own.replace("%", "%%"))
        contracts = publisher.schema.states_of(connection, "schema")
        statistics, answers, shots = (
            json.loads(contracts[name]) for name in ("film_statistics", "prediction_log", "shots")
        )
        for name in ("engine", "speed"):
            del statistics["columns"][name]
        del answers["columns"]["map_state"]
        answers["columns"]["note"] = ["TEXT", "Note"]
        answers["comment"] = "One row is an earlier answer"
        shots |= {"key": [], "indexes": ["shots_start_s"]}
        earlier = {"film_statistics": statistics, "prediction_log": answers, "shots": shots, "earlier": {}}
        for name, contract in earlier.items():
            publisher.schema.set_state(connection, "schema", name, json.dumps(contract))
        publisher.schema.set_state(connection, "schema", "views", "earlier")
        connection.commit()
    return wios


def everything(server: RunningServer, database: str) -> dict[str, str]:
    """Each table and view as the server describes it, with its rows."""

    def asked(sql: str) -> str:
        return server.run(f"{sql};", database)

    kept = "kind IN ('schema', 'film', 'table')"
    found = {"states": asked(f"SELECT kind, name, state FROM wios_published WHERE {kept} ORDER BY 1, 2")}
    if server.kind == "postgresql":
        own = "relnamespace = 'public'::regnamespace"
        found["columns"] = asked(
            "SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, col_description(c.oid, attnum) "
            f"FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE {own} AND relkind IN ('r', 'v') "
            "AND attnum > 0 AND NOT attisdropped ORDER BY relname, attname"
        )
        rights = "array(SELECT unnest(relacl)::text ORDER BY 1)"
        found["classes"] = asked(f"SELECT relname, obj_description(oid), {rights} FROM pg_class WHERE {own} ORDER BY 1")
        found["indexes"] = asked("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")
        found["views"] = asked("SELECT viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY 1")
        tables, quote = "pg_tables WHERE schemaname = 'public'", '"'
        names = asked(f"SELECT tablename FROM {tables} ORDER BY 1").split()
    else:
        tables, quote = f"information_schema.tables WHERE table_schema = '{database}'", "`"
        names = asked(f"SELECT table_name FROM {tables} ORDER BY 1").split()
        for name in names:
            found[f"{name} is"] = asked(f"SHOW CREATE TABLE `{name}`")
        found["rights"] = asked(
            f"SELECT User, Table_name, Table_priv FROM mysql.tables_priv WHERE Db = '{database}' ORDER BY 1, 2"
        )
    for name in names:
        if name != "wios_published":
            found[name] = "\n".join(sorted(asked(f"SELECT * FROM {quote}{name}{quote}").splitlines()))
    return found


def test_an_earlier_database_is_migrated_and_put_back_as_it_was(
    wios: Wios, server: RunningServer, database: str
) -> None:
    before = everything(server, database)
    checked = wios("update", "--check")
    for clause in ("changes shots, film_statistics, prediction_log", "removes earlier"):
        assert clause in checked.out
    assert everything(server, database) == before

    done = wios("update")
    assert done.code == 0, done.err
    for clause in (
        "changed film_statistics: with engine, with speed",
        "changed prediction_log: with map_state, without note",
        "made shots",
        "removed earlier",
        "`wios update --back` puts it back",
    ):
        assert clause in done.out
    assert wios("update", "--check").out == "everything is of this version\n"
    with open_publisher(wios.settings) as publisher:
        assert publisher.changes == []
        assert publisher.catch_up().problems == []
    assert [name for name in differing_tables(wios.settings) if name != "prediction_log"] == []
    assert server.run("SELECT COUNT(*) FROM prediction_log WHERE film IN ('one', 'two');", database).split() == ["2"]
    kept = [file for file in (wios.settings.data / "backups").rglob("*") if file.is_file()]
    assert kept
    assert not any(PASSWORD.encode() in file.read_bytes() for file in kept)

    server.run(LATER, database)
    back = wios("update", "--back")
    assert back.code == 0, back.err
    assert f"the tables on {server.address(database).partition('?')[0]}" in back.out
    assert ": put back" in back.out
    assert server.run("SELECT COUNT(*) FROM prediction_log WHERE film = 'later';", database).split() == ["1"]
    server.run("DELETE FROM prediction_log WHERE film = 'later';", database)
    assert everything(server, database) == before
    assert "changed film_statistics: with engine, with speed" in wios("update").out


def test_a_migration_that_was_killed_is_finished_by_the_next_and_can_be_put_back(
    wios: Wios, server: RunningServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(server, database)

    def killed(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migration, "_alter", killed)
        assert wios("update").code == 130
    done = wios("update")
    assert done.code == 0, done.err
    with monkeypatch.context() as patch:
        patch.setattr("wios_assets.publish.kept_tables._load", killed)
        assert wios("update", "--back").code == 130
    for _ in range(2):
        back = wios("update", "--back")
        assert back.code == 0, back.err
        assert ": put back" in back.out
    assert everything(server, database) == before


def test_tables_of_another_server_or_version_are_left_as_they_are(
    wios: Wios, server: RunningServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wios("update")
    server.run("UPDATE wios_published SET state = 'of a newer version' WHERE name = 'film_statistics';", database)
    before = everything(server, database)
    address = wios.settings.publish.address
    done_mark = next((wios.settings.data / "backups").iterdir()) / "taken back"
    for named, message in (("", "which publish.address does not name"), (address, "changed since the update")):
        monkeypatch.setenv("WIOS_PUBLISH__ADDRESS", named)
        back = wios("update", "--back")
        assert back.code == 0, back.err
        assert message in back.err
        assert everything(server, database) == before
        done_mark.unlink()
