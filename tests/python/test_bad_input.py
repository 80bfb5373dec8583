"""Wrong input is said at once, with the place and the remedy, before any record is read."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from adbc_driver_manager import Error as AdbcError

from conftest import ServerFactory
from harness import cache
from harness.deadline import wait_until
from harness.headwater import Server, must_run, run_command
from harness.kafka_server import KafkaServer
from harness.ports import free_ports
from harness.workload import Workload

EXIT_TIMEOUT_S = 30


@pytest.fixture
def offline(folder: Path) -> Workload:
    """A workload on a Kafka that isn't there, with a key ring."""
    kafka = KafkaServer(folder / "no-kafka")
    kafka.brokers = f"127.0.0.1:{free_ports(1)[0]}"
    workload = Workload(kafka, folder / "workload", "mobile-logs", "products")
    workload.folder.mkdir()
    must_run("keys", "make", "--file", workload.keys, "--id", "m1")
    return workload


def refusal(server: Server, *settings: str) -> str:
    """What the server says when it refuses to start."""
    process = server.launch(*settings)
    code = process.wait(EXIT_TIMEOUT_S)
    assert code not in (0, 101), process.tail()
    assert "listening on" not in process.output()
    assert "panicked" not in process.output()
    assert "\x1b" not in process.output(), "colours in a file"
    return process.output()


def test_an_unknown_setting_suggests_the_near_one_and_all_faults_come_at_once(
    offline: Workload, new_server: ServerFactory
) -> None:
    server = new_server(offline, ingest__commit_intervall_ms=1000, query__threads=0)
    said = refusal(server, "flight.listn=127.0.0.1:0")
    assert "ingest.commit_intervall_ms" in said
    assert "did you mean ingest.commit_interval_ms?" in said
    assert "query.threads" in said
    assert "did you mean flight.listen?" in said


def test_a_wrong_kafka_property_is_refused_before_a_running_server_is_fenced(
    workload: Workload, new_server: ServerFactory, folder: Path
) -> None:
    workload.send(2_000)
    storage = folder / "storage"
    running = new_server(workload, storage=storage).start()
    running.wait_until_read()
    commits = storage / "system" / "commits" / "_delta_log"
    epochs = "SELECT DISTINCT epoch FROM system.commits"
    wait_until("a group is committed", lambda: running.rows(epochs), timeout_s=60)
    before = running.rows(epochs)

    misspelt = new_server(workload, name="misspelt", storage=storage)
    misspelt.configuration.more["kafka.properties"] = {"fetch.wait.max.msec": "20"}
    said = refusal(misspelt, "flight.listen=nowhere", "flight.password_file=password")
    assert "did you mean `fetch.wait.max.ms`?" in said
    assert "flight.listen" in said
    assert "flight.password_file" in said

    assert any(commits.iterdir())
    workload.send(2_000, "--seed", "9")
    running.wait_until_read()
    assert running.rows(epochs) == before
    assert running.stop() == 0, "the running server was fenced"


def test_a_value_of_another_kind_is_refused(offline: Workload, new_server: ServerFactory) -> None:
    server = new_server(offline, flight__user=5, ingest__micro_batch_ms="soon")
    said = refusal(server)
    assert "flight.user" in said
    assert "takes a text in quotes, not a number" in said
    assert "ingest.micro_batch_ms" in said


def test_an_unknown_environment_setting_is_named(
    offline: Workload, new_server: ServerFactory
) -> None:
    server = new_server(offline)
    file = server.configuration.write(server.configuration.storage.parent / "headwater.toml")
    done = run_command(
        "serve",
        "--config",
        file,
        environment={"HEADWATER_INGEST_THREDS": "2"},
        timeout_s=EXIT_TIMEOUT_S,
    )
    assert done.returncode != 0
    assert "HEADWATER_INGEST_THREDS" in done.stderr
    assert "did you mean HEADWATER_INGEST_THREADS?" in done.stderr


def test_an_unknown_option_suggests_the_near_one() -> None:
    done = run_command("demo", "--rat", "5")
    assert done.returncode == 2
    assert "--rat" in done.stderr
    assert "--rate" in done.stderr


def test_a_key_file_that_others_can_read_is_refused_with_the_command_to_run(
    offline: Workload, new_server: ServerFactory
) -> None:
    os.chmod(offline.keys, 0o644)
    said = refusal(new_server(offline))
    assert f"chmod 600 {offline.keys}" in said


def test_a_missing_key_file_says_how_to_make_one(
    offline: Workload, new_server: ServerFactory
) -> None:
    offline.keys.unlink()
    said = refusal(new_server(offline))
    assert str(offline.keys) in said
    assert "headwater keys make" in said


def spoil(name: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    """A fault in one file of the SQL folder."""

    def apply(folder: Path) -> None:
        file = folder / name
        text = file.read_text()
        assert change(text) != text, f"{name} has nothing to spoil"
        file.write_text(change(text))

    return apply


SQL_FAULTS = {
    "a word that doesn't parse": spoil(
        "metrics/new_users_hourly.sql", lambda t: t.replace("GROUP BY", "GROPU BY")
    ),
    "a column that isn't there": spoil(
        "metrics/new_users_hourly.sql", lambda t: t.replace("channel", "chanel")
    ),
    "a function that isn't there": spoil(
        "pipelines/mobile_events.sql", lambda t: t.replace("unbase64(", "unbase46(")
    ),
    "an aggregate in a pipeline": spoil(
        "pipelines/new_users.sql", lambda t: t.replace("SELECT", "SELECT DISTINCT", 1)
    ),
}


@pytest.mark.parametrize("fault", SQL_FAULTS.values(), ids=SQL_FAULTS.keys())
def test_sql_that_does_not_plan_names_its_place_and_nothing_starts(
    fault: Callable[[Path], None], offline: Workload, new_server: ServerFactory, folder: Path
) -> None:
    sql = folder / "sql"
    shutil.copytree(cache.sql_folder(), sql)
    fault(sql)
    server = new_server(offline)
    server.configuration.sql = sql
    said = refusal(server)
    assert ".sql" in said
    place = next(line for line in said.splitlines() if ".sql" in line)
    assert _has_line_and_column(place), place
    assert not any(server.configuration.storage.rglob("*.json")), "tables were made"

    config = server.configuration.write(folder / "headwater.toml")
    checked = run_command("check", "--config", config, timeout_s=EXIT_TIMEOUT_S)
    assert checked.returncode != 0
    assert ".sql" in checked.stderr + checked.stdout


def test_check_passes_the_folder_that_ships(
    offline: Workload, new_server: ServerFactory, folder: Path
) -> None:
    config = new_server(offline).configuration.write(folder / "headwater.toml")
    assert "pipelines" in must_run("check", "--config", config)
    assert "pipelines" in must_run("check", "--sql", cache.sql_folder())
    setting = f"sql.folder={folder / 'nowhere'}"
    checked = run_command("check", "--config", config, "--set", setting, timeout_s=EXIT_TIMEOUT_S)
    assert checked.returncode == 2
    assert f"{folder / 'nowhere'}: folder cannot be read" in checked.stderr
    assert "sql.folder names the folder" in checked.stderr


def test_a_port_in_use_is_said_at_start(offline: Workload, new_server: ServerFactory) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        said = refusal(new_server(offline), f"flight.listen={address}")
    assert address in said
    assert "in use" in said


def test_storage_that_cannot_be_written_is_said_at_start(
    offline: Workload, new_server: ServerFactory, folder: Path
) -> None:
    blocked = folder / "a-file"
    blocked.write_text("not a folder")
    said = refusal(new_server(offline), f"storage.url=file://{blocked}/tables")
    assert str(blocked) in said


def test_too_little_disk_is_said_at_start(offline: Workload, new_server: ServerFactory) -> None:
    said = refusal(new_server(offline), f"storage.free_bytes_min={1 << 60}")
    assert "free" in said
    assert "MB" in said


def test_a_broker_that_is_away_at_start_is_waited_for(
    offline: Workload, new_server: ServerFactory
) -> None:
    server = new_server(offline).start()
    server.process.wait_for_line(r"broker away since \d{4}-\d\d-\d\dT", 60)
    states = server.rows("SELECT source, state, caught_up FROM system.sources")
    assert states
    assert not any(row["caught_up"] for row in states)
    with pytest.raises(AdbcError, match="catching up"):
        server.query("SELECT count(*) FROM events")
    counted = server.rows("SELECT count(*) AS n FROM events", allow_catching_up=True)
    assert counted == [{"n": 0}]
    assert server.process.is_running()


def test_topics_that_do_not_exist_are_all_told_at_once_and_waited_for(
    workload: Workload, new_server: ServerFactory, kafka: KafkaServer
) -> None:
    workload.folder.mkdir(parents=True)
    must_run("keys", "make", "--file", workload.keys, "--id", "m1")
    server = new_server(workload).start()
    wait_for_missing_topic(server, workload.products_topic)
    wait_for_missing_topic(server, workload.mobile_topic)
    missing = "topic does not exist since"

    def both_are_shown() -> bool:
        sources = server.rows("SELECT state FROM system.sources")
        dimensions = server.rows("SELECT state FROM system.dimensions")
        return (
            [row["state"].count(missing) for row in sources] == [2]
            and "waiting for dimension products" in sources[0]["state"]
            and [row["state"].count(missing) for row in dimensions] == [1]
        )

    wait_until("system tables show both", both_are_shown, timeout_s=60)
    kafka.create_topic(workload.products_topic, 1, compacted=True)
    workload.send(5_000, "--seed", "3")
    server.wait_until_read()
    assert server.rows("SELECT count(*) AS n FROM events")[0]["n"] > 0


def wait_for_missing_topic(server: Server, topic: str) -> None:
    """Waits until a line of the log says that the topic is missing, and since when."""
    missing = r"topic does not exist since \d{4}-\d\d-\d\dT"
    server.process.wait_for_line(rf"{topic}\b.*{missing}|{missing}.*\b{topic}\b", 60)


def _has_line_and_column(text: str) -> bool:
    _, _, rest = text.partition(".sql:")
    line, _, rest = rest.partition(":")
    return line.isdigit() and rest[:1].isdigit()


def test_a_sql_folder_that_holds_nothing_is_a_wrong_one(
    offline: Workload, new_server: ServerFactory, folder: Path
) -> None:
    (folder / "empty").mkdir()
    server = new_server(offline)
    server.configuration.sql = folder / "empty"
    said = refusal(server)
    assert "no `.sql` file is in any of sources/" in said
    assert str(folder / "empty") in said


@pytest.mark.parametrize(
    ("option", "was", "becomes"),
    [
        ("order", "received, event_time, tie, channel", "event_time, received, tie, channel"),
        ("key", "product, device", "device"),
    ],
)
def test_what_decided_a_ledgers_entries_cannot_be_changed(
    offline: Workload,
    new_server: ServerFactory,
    folder: Path,
    option: str,
    was: str,
    becomes: str,
) -> None:
    running = new_server(offline).start()
    assert running.stop() == 0
    changed = new_server(offline, name="changed", storage=running.configuration.storage)
    changed.configuration.sql = folder / "sql"
    shutil.copytree(cache.sql_folder(), folder / "sql")
    ledger = folder / "sql" / "ledgers" / "new_user_ledger.sql"
    text = ledger.read_text()
    assert text.count(f"'{was}'") == 1
    ledger.write_text(text.replace(f"'{was}'", f"'{becomes}'"))
    said = refusal(changed)
    assert f"option '{option}' '{was}', declared is '{becomes}'" in said
    assert changed.process.exit_code() == 2
    running.start()


def test_a_source_that_is_queried_tells_where_its_records_are(
    offline: Workload, new_server: ServerFactory
) -> None:
    server = new_server(offline).start()
    for name, told in (
        ("mobile", "what was read of it is in events, archive"),
        ("products", "system.dimensions says how far"),
    ):
        done = server.command(f"SELECT * FROM {name}")
        assert done.returncode != 0
        assert told in done.stderr
