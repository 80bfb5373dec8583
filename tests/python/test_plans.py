"""Plans are made once for a configuration, not for each micro-batch."""

from __future__ import annotations

from conftest import ServerFactory
from harness.headwater import Server
from harness.workload import Workload

EVENTS = 10_000


def test_no_plan_is_made_while_records_come(workload: Workload, new_server: ServerFactory) -> None:
    workload.send(EVENTS)
    server = new_server(workload).start()
    server.wait_until_read()
    before = counters(server)
    assert before["plans_made"] > 0
    workload.send(EVENTS, "--seed", "8")
    server.wait_until_read()
    after = counters(server)
    assert after["micro_batches_published"] > before["micro_batches_published"]
    assert after["plans_made"] == before["plans_made"]


def counters(server: Server) -> dict[str, int]:
    """What the engine counts about itself, by name."""
    return {row["name"]: row["value"] for row in server.rows("SELECT * FROM system.engine")}
