"""What a pipeline's WHERE puts aside is counted, and all else is as the books say."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest import ServerFactory
from harness import cache
from harness.books import Books
from harness.checks import assert_agrees_with_books, assert_evidence_is_there
from harness.workload import Workload

EVENTS = 10_000
PIPELINE = "pipelines/mobile_events.sql"

# In front of the unnest a WHERE puts aside whole records, counted by their elements; behind it
# single elements, whatever would become of them.
WHOLE_RECORDS = ("FROM mobile\n", 'FROM mobile\n    WHERE "offset" % 3 <> 0\n')
SINGLE_ELEMENTS = (
    "ON p.app_key = e.app_key;",
    """ON p.app_key = e.app_key
WHERE NOT coalesce(e.event = 'upgrade' AND p.product IS NOT NULL AND device IS NOT NULL, false);""",
)
FILTERED = "\"offset\" % 3 = 0 OR (outcome = 'event' AND event = 'upgrade')"


def test_what_is_filtered_is_counted_and_nothing_else_is_missing(
    workload: Workload, new_server: ServerFactory, folder: Path
) -> None:
    workload.send(EVENTS)
    books = Books.read(workload.books).filtering(FILTERED)
    assert books.outcome_counts()["filtered"] > 0
    assert books.events().num_rows > 0

    server = new_server(workload)
    server.configuration.sql = filtering_sql(folder / "sql")
    server.start()
    server.wait_until_read()
    assert_agrees_with_books(server, books)
    assert_evidence_is_there(server)
    kinds = server.rows("SELECT count(*) AS n FROM events WHERE event = 'upgrade'")
    assert kinds == [{"n": 0}]


def filtering_sql(folder: Path) -> Path:
    """The SQL folder that ships, with both kinds of WHERE in the pipeline."""
    shutil.copytree(cache.sql_folder(), folder)
    file = folder / PIPELINE
    text = file.read_text()
    for found, put in (WHOLE_RECORDS, SINGLE_ELEMENTS):
        assert text.count(found) == 1, f"{PIPELINE} has {text.count(found)} of {found!r}"
        text = text.replace(found, put)
    file.write_text(text)
    return folder
