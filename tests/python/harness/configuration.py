"""A configuration file of `headwater serve`, written for one test."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from harness import cache

USER = "headwater"
PASSWORD = "correct:horse battery"
TOKEN = "token-of-the-tests"


@dataclass
class Configuration:
    """What a test chooses; `more` holds any further `section.name` settings."""

    brokers: str
    storage: Path
    keys: Path
    mobile_topic: str
    products_topic: str
    sql: Path = field(default_factory=cache.sql_folder)
    more: dict[str, str | int | dict[str, str]] = field(default_factory=dict)

    def sections(self) -> dict[str, dict[str, object]]:
        """Every setting by section and name."""
        sections: dict[str, dict[str, object]] = {
            "kafka": {"brokers": self.brokers},
            "storage": {"url": f"file://{self.storage}", "free_bytes_min": 0},
            "sql": {"folder": str(self.sql), "variables": self._variables()},
            "keys": {"file": str(self.keys)},
            "flight": {"listen": "127.0.0.1:0", "user": USER, "password": PASSWORD, "token": TOKEN},
            "ingest": {"commit_interval_ms": 1000},
        }
        for name, value in self.more.items():
            section, setting = name.split(".", 1)
            sections.setdefault(section, {})[setting] = value
        return sections

    def write(self, file: Path) -> Path:
        """Writes the file and returns its path."""
        lines: list[str] = []
        for section, settings in self.sections().items():
            lines.append(f"[{section}]")
            lines += [f"{name} = {_toml(value)}" for name, value in settings.items()]
            lines.append("")
        file.write_text("\n".join(lines))
        return file

    def _variables(self) -> dict[str, str]:
        return {
            "mobile_topic": self.mobile_topic,
            "products_topic": self.products_topic,
            "zone": "Asia/Shanghai",
        }


def _toml(value: object) -> str:
    if isinstance(value, dict):
        entries = ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items())
        return f"{{ {entries} }}"
    if isinstance(value, int):
        return str(value)
    return json.dumps(str(value))
