"""The demo: one command that runs the main job and judges itself by the generator's books."""

from __future__ import annotations

from pathlib import Path

from adbc_driver_manager import Error as AdbcError

from harness import cache, flight_client
from harness.books import Books
from harness.deadline import wait_until
from harness.process import ManagedProcess
from harness.stored_tables import StoredTables

DEMO_TIMEOUT_S = 180


def start(folder: Path, *options: str) -> ManagedProcess:
    """Starts the demo with the shipped SQL on a free port."""
    return ManagedProcess(
        [
            *(str(cache.binary()), "demo"),
            *("--listen", "127.0.0.1:0", "--sql", str(cache.sql_folder()), *options),
        ],
        folder / "demo.log",
        environment=cache.clean_environment(),
    )


def demo(folder: Path, *options: str, seconds: int = 10) -> tuple[int, str]:
    """Runs the demo to its end; returns the exit code and what it printed."""
    process = start(folder, "--for", f"{seconds}s", "--exit", "--rate", "5000", *options)
    try:
        code = process.wait(DEMO_TIMEOUT_S)
    finally:
        process.kill()
    output = process.output()
    assert "panicked" not in output, process.tail()
    return code, output


def test_the_demo_agrees_with_its_books(folder: Path) -> None:
    code, output = demo(folder, seconds=20)
    assert code == 0, output[-4000:]
    for kind in ("adbc", "jdbc:arrow-flight-sql://", "pyarrow", "headwater sql"):
        assert kind in output.lower(), f"no connection string for {kind}"


def test_records_that_are_withheld_make_the_demo_fail_and_name_a_device(folder: Path) -> None:
    data = folder / "data"
    code, output = demo(folder, "--withhold", "3", "--data", str(data))
    assert code == 1, output[-4000:]
    booked = {candidate.device for candidate in Books.read(data / "books").first_seen.values()}
    stored = StoredTables(next(data.rglob("events/_delta_log")).parent.parent)
    found = set(stored.rows("events", ["device"]).column("device").to_pylist())
    named = {word.strip(".,:;()'`\"") for word in output.split()}
    assert named & (booked - found), "no device is named that the books alone know"


def test_a_second_run_on_the_same_data_continues_the_books(folder: Path) -> None:
    data = str(folder / "data")
    code, output = demo(folder, "--data", data, "--seed", "5")
    assert code == 0, output[-4000:]
    code, output = demo(folder, "--data", data, "--seed", "6")
    assert code == 0, output[-4000:]


def test_the_demo_serves_until_it_is_interrupted(folder: Path) -> None:
    process = start(folder, "--for", "3s", "--rate", "2000")
    try:
        address = process.wait_for_line(r"listens on (127\.0\.0\.1:\d+)", 60).group(1)

        def has_events() -> bool:
            with flight_client.connect(address, {}) as connection:
                found = flight_client.fetch(connection, "SELECT count(*) AS n FROM events")
            return found.column("n")[0].as_py() > 1000

        wait_until(
            "the demo answers",
            has_events,
            timeout_s=60,
            retry_on=(AdbcError,),
            on_timeout=process.tail,
        )
        assert process.stop() == 0, process.tail()
        assert "panicked" not in process.output()
    finally:
        process.kill()
