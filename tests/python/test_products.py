"""Records of the products dimension that no product can be made of."""

from __future__ import annotations

from conftest import ServerFactory
from harness.workload import Workload

EVENTS = 20_000


def test_events_of_a_product_with_an_empty_name_are_dead_letters(
    workload: Workload, new_server: ServerFactory
) -> None:
    workload.send(EVENTS)
    workload.put_product("ak-browser-01", b'{"product":"","zone":"UTC"}')
    server = new_server(workload).start()
    server.wait_until_read()
    # Files are written at the stop; what is asked then comes from them.
    assert server.stop() == 0, server.process.tail()
    server.start()
    server.wait_until_read()

    [row] = server.rows(
        "SELECT (SELECT sum(new_users) FROM new_users_hourly) AS credits, "
        "(SELECT count(*) FROM new_users) AS users, "
        "(SELECT count(DISTINCT product) FROM events) AS products, "
        "(SELECT count(*) FROM dead_letters WHERE reason = 'empty text in product') AS rejected"
    )
    assert row["credits"] == row["users"] > 0
    assert row["products"] > 0
    assert row["rejected"] > 0, "the product was never missed"
