"""The generator's books, read from their files without the generator.

The format is docs/books.md: `runs.json` lists the runs, each with a CSV file of facts, one line an
element (or -1 for a record as a whole). What follows from the facts is computed here a second time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from harness.first_seen import Candidate, Credits, fold, new_users_by_hour

UTC = pa.timestamp("us", "UTC")
POSITION = ("topic", "incarnation", "partition", "offset", "element")
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
_POSITION = ", ".join(f'"{name}"' for name in POSITION)
_RECEIVED = "make_timestamptz(received_us) AS received"


@dataclass(frozen=True)
class Books:
    """The facts of all runs of one folder, in one topic."""

    facts: pa.Table

    @classmethod
    def read(cls, folder: Path) -> Books:
        """Reads a folder whose runs have ended and wrote to one topic.

        The facts get the two columns that the files leave out of a position: the topic's name, and
        its incarnation, which is 0 for the first topic of a name.
        """
        document = json.loads((folder / "runs.json").read_text())
        assert document["version"] == 1, f"{folder}: books of version {document['version']}"
        runs = document["runs"]
        topics = {run["topic_id"] for run in runs}
        assert len(topics) == 1, f"{folder}: the runs wrote to {len(topics)} topics"
        unended = [run["run"] for run in runs if not run["ended"]]
        assert not unended, f"{folder}: runs {unended} have not ended"
        facts = pa.concat_tables([_read_facts(folder / run["facts"]) for run in runs])
        topic = pa.repeat(runs[0]["topic"], facts.num_rows)
        incarnation = pa.repeat(pa.scalar(0, pa.int32()), facts.num_rows)
        facts = facts.append_column("topic", topic).append_column("incarnation", incarnation)
        return cls(facts)

    def below(self, offsets: Mapping[int, int]) -> Books:
        """The facts of the records below each partition's next offset."""
        cut = pa.table(
            {
                "partition": pa.array(offsets.keys(), pa.int32()),
                "next_offset": pa.array(offsets.values(), pa.int64()),
            }
        )
        below = """
            SELECT facts.* FROM facts JOIN cut USING ("partition") WHERE "offset" < next_offset
        """
        return Books(self._ask(below, cut=cut))

    def filtering(self, condition: str) -> Books:
        """The same where a pipeline puts aside the elements of which a SQL condition holds."""
        return Books(
            self._ask(
                f"""
                SELECT * REPLACE (
                    CASE WHEN {condition} THEN 'filtered' ELSE outcome END AS outcome,
                    CASE WHEN {condition} THEN 0 ELSE counts END AS counts)
                FROM facts
                """
            )
        )

    def outcome_counts(self) -> Counter[str]:
        """How many elements have each outcome."""
        return Counter(self.facts.column("outcome").to_pylist())

    def events(self) -> pa.Table:
        """Everything that is known of each event."""
        return self._ask(
            f"""
            SELECT {_POSITION}, {_RECEIVED}, product, device, channel, event,
                   make_timestamptz(event_time_us) AS event_time, clock_rule, counts
            FROM facts WHERE outcome = 'event'
            """
        )

    def dead_letters(self) -> pa.Table:
        """The reason of each element or record that can't become an event."""
        return self._ask(
            f"""
            SELECT {_POSITION}, {_RECEIVED}, outcome AS reason FROM facts
            WHERE outcome NOT IN ('event', 'filtered')
            """
        )

    def records(self) -> pa.Table:
        """Each record once, with element -1 in its position, and its receipt."""
        return self._ask(
            f"""
            SELECT DISTINCT * REPLACE ((-1)::INT AS element)
            FROM (SELECT {_POSITION}, {_RECEIVED} FROM facts)
            """
        )

    def candidates(self) -> Iterator[Candidate]:
        """The events that compete in the ledger."""
        facts = self.facts.filter(pc.equal(self.facts.column("counts"), 1))
        names = ("product", "device", "channel", "received_us", "event_time_us", "tie")
        values = [facts.column(name).to_pylist() for name in names]
        places = zip(*(facts.column(name).to_pylist() for name in POSITION), strict=True)
        for row in zip(*values, places, strict=True):
            yield Candidate(*row)

    @cached_property
    def first_seen(self) -> Credits:
        """The first event of each device."""
        return fold(self.candidates())

    def credits(self) -> pa.Table:
        """One row a device: the channel and the hour that it counts in, and the evidence."""
        first = list(self.first_seen.values())
        table = pa.table(
            {
                "product": pa.array([c.product for c in first], pa.string()),
                "device": pa.array([c.device for c in first], pa.string()),
                "channel": pa.array([c.channel for c in first], pa.string()),
                "hour": pa.array([c.hour_us for c in first], UTC),
                "received": pa.array([c.received_us for c in first], UTC),
                "event_time": pa.array([c.event_time_us for c in first], UTC),
            }
        )
        for at, name in enumerate(POSITION):
            values = pa.array([c.position[at] for c in first], self.facts.schema.field(name).type)
            table = table.append_column(name, values)
        return table

    def new_users_by_hour(self) -> pa.Table:
        """New users per product, channel and hour."""
        counts = new_users_by_hour(self.first_seen)
        return pa.table(
            {
                "product": pa.array([key[0] for key in counts], pa.string()),
                "channel": pa.array([key[1] for key in counts], pa.string()),
                "hour": pa.array([key[2] for key in counts], UTC),
                "new_users": pa.array(counts.values(), pa.int64()),
            }
        )

    def conservation(self) -> pa.Table:
        """Counts per partition."""
        return self._ask(
            """
            SELECT "partition", count(DISTINCT "offset") AS records,
                   count(DISTINCT "offset") AS opened, count(*) AS elements,
                   count(*) FILTER (outcome = 'event') AS events,
                   count(*) FILTER (outcome NOT IN ('event', 'filtered')) AS dead_letters,
                   count(*) FILTER (outcome = 'filtered') AS filtered
            FROM facts GROUP BY "partition"
            """
        )

    def share_read_out_of_order(self) -> float:
        """Of the records, how many were received before the one in front of them was."""
        share = """
            WITH records AS (SELECT DISTINCT "partition", "offset", received_us FROM facts),
            pairs AS (
                SELECT received_us, lag(received_us) OVER (
                    PARTITION BY "partition" ORDER BY "offset") AS before
                FROM records)
            SELECT avg((received_us < before)::INT) AS share FROM pairs
        """
        return float(self._ask(share).column("share")[0].as_py())

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

    def _ask(self, sql: str, **tables: pa.Table) -> pa.Table:
        with duckdb.connect() as database:
            database.execute("SET TimeZone = 'UTC'")
            database.register("facts", self.facts)
            for name, table in tables.items():
                database.register(name, table)
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
