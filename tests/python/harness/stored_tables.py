"""Headwater's Delta tables as an independent reader sees them: delta-rs, PyArrow and DuckDB."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from harness.flight_client import Row

COMMITS = "system/commits"
PUBLIC_TABLES = ("events", "new_user_ledger", "dead_letters", "archive")


@dataclass(frozen=True)
class StoredTables:
    """The tables below a storage folder; no server needs to run."""

    storage: Path

    def table(self, location: str) -> DeltaTable:
        """A table by its folder below the storage root."""
        return DeltaTable(str(self.storage / location))

    def version(self, location: str) -> int:
        """The table's last version; -1 where it has none."""
        try:
            return self.table(location).version()
        except TableNotFoundError:
            return -1

    def last_checkpoint(self, location: str) -> Path:
        """The file that a table's last checkpoint leaves beside the log."""
        return self.storage / location / "_delta_log" / "_last_checkpoint"

    def rows(self, location: str, columns: list[str] | None = None) -> pa.Table:
        """All rows of a table."""
        return self.table(location).to_pyarrow_table(columns=columns)

    def groups(self) -> list[Row]:
        """The rows of `system.commits`."""
        return self.rows(COMMITS).to_pylist()

    def last_group(self) -> Row:
        """The row of `system.commits` with the highest group."""
        return max(self.groups(), key=lambda row: row["commit_group"])

    def committed_offsets(self, topic: str) -> dict[int, int]:
        """The next offset of each partition of a topic in the last group."""
        found: dict[int, int] = {}
        for entry in self.last_group()["offsets"]:
            if entry["topic"] == topic:
                partition, offset = entry["partition"], entry["next_offset"]
                found[partition] = min(offset, found.get(partition, offset))
        return found

    def tables_behind(self) -> dict[str, tuple[int, int]]:
        """The tables without the version that the last group pins: (found, pinned)."""
        pinned = {entry["table"]: entry["version"] for entry in self.last_group()["tables"]}
        found = {name: self.version(name) for name in pinned}
        return {name: (found[name], pinned[name]) for name in pinned if found[name] < pinned[name]}
