"""The generator's books, read from their files without the generator.

The format is docs/books.md: `runs.json` lists the runs, each with a CSV file of facts, one line an
element (or -1 for a record as a whole). What follows from the facts is computed here a second time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from harness.first_seen import Candidate, Credits, fold, new_users_by_hour

UTC = pa.timestamp("us", "UTC")
COLUMNS = {
    "partition": pa.int32(),
    "offset": pa.int64(),
    "element": pa.int32(),
    "outcome": pa.string(),
    "received_us": pa.int64(),
    "product": pa.string(),
    "device": pa.string(),
    "channel": pa.string(),
    "event": pa.string(),
    "event_time_us": pa.int64(),
    "clock_rule": pa.string(),
    "tie": pa.string(),
    "counts": pa.int8(),
}


@dataclass(frozen=True)
class Books:
    """The facts of all runs of one folder, in one topic."""

    facts: pa.Table

    @classmethod
    def read(cls, folder: Path) -> Books:
        """Reads a folder whose runs have ended and wrote to one topic."""
        document = json.loads((folder / "runs.json").read_text())
        assert document["version"] == 1, f"{folder}: books of version {document['version']}"
        runs = document["runs"]
        topics = {run["topic_id"] for run in runs}
        assert len(topics) == 1, f"{folder}: the runs wrote to {len(topics)} topics"
        unended = [run["run"] for run in runs if not run["ended"]]
        assert not unended, f"{folder}: runs {unended} have not ended"
        return cls(pa.concat_tables([_read_facts(folder / run["facts"]) for run in runs]))

    def outcomes(self) -> pa.Table:
        """What must become of each element: partition, offset, element, outcome."""
        return self.facts.select(["partition", "offset", "element", "outcome"])

    def outcome_counts(self) -> Counter[str]:
        """How many elements have each outcome."""
        return Counter(self.facts.column("outcome").to_pylist())

    def candidates(self) -> Iterator[Candidate]:
        """The events that compete in the ledger."""
        facts = self.facts.filter(pc.equal(self.facts.column("counts"), 1))
        names = ("product", "device", "channel", "received_us", "event_time_us", "tie")
        values = [facts.column(name).to_pylist() for name in names]
        places = zip(
            *(facts.column(n).to_pylist() for n in ("partition", "offset", "element")), strict=True
        )
        for row in zip(*values, places, strict=True):
            yield Candidate(*row)

    @cached_property
    def first_seen(self) -> Credits:
        """The first event of each device."""
        return fold(self.candidates())

    def credits(self) -> pa.Table:
        """One row a device: product, device, channel and the hour that it counts in."""
        first = list(self.first_seen.values())
        return pa.table(
            {
                "product": pa.array([c.product for c in first], pa.string()),
                "device": pa.array([c.device for c in first], pa.string()),
                "channel": pa.array([c.channel for c in first], pa.string()),
                "hour": pa.array([c.hour_us for c in first], pa.int64()).cast(UTC),
            }
        )

    def new_users_by_hour(self) -> pa.Table:
        """New users per product, channel and hour."""
        counts = new_users_by_hour(self.first_seen)
        return pa.table(
            {
                "product": pa.array([key[0] for key in counts], pa.string()),
                "channel": pa.array([key[1] for key in counts], pa.string()),
                "hour": pa.array([key[2] for key in counts], pa.int64()).cast(UTC),
                "new_users": pa.array(counts.values(), pa.int64()),
            }
        )

    def conservation(self) -> pa.Table:
        """Counts per partition; the shipped pipeline filters nothing."""
        return self._ask(
            """
            SELECT "partition", count(DISTINCT "offset") AS records, count(*) AS elements,
                   count(*) FILTER (outcome = 'event') AS events,
                   count(*) FILTER (outcome <> 'event') AS dead_letters, 0::BIGINT AS filtered
            FROM facts GROUP BY "partition"
            """
        )

    def share_of_first_events_that_tie(self) -> float:
        """Of the devices, how many have first events with equal times in several channels."""
        ties, devices = (
            self._ask(
                """
            WITH firsts AS (
                SELECT product, device, channel, (received_us, event_time_us) AS times,
                       min(times) OVER (PARTITION BY product, device) AS first
                FROM facts WHERE counts = 1),
            devices AS (
                SELECT product, device, count(DISTINCT coalesce(channel, '')) AS channels
                FROM firsts WHERE times = first GROUP BY ALL)
            SELECT count(*) FILTER (channels > 1) AS ties, count(*) AS devices FROM devices
            """
            )
            .to_pylist()[0]
            .values()
        )
        return float(ties) / float(devices)

    def _ask(self, sql: str) -> pa.Table:
        with duckdb.connect() as database:
            database.register("facts", self.facts)
            return database.sql(sql).to_arrow_table()


def _read_facts(file: Path) -> pa.Table:
    """A field without quotes and without text is null; an empty text is in quotes."""
    return pacsv.read_csv(
        file,
        convert_options=pacsv.ConvertOptions(
            column_types=COLUMNS,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )
