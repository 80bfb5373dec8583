"""Whether a process works or idles, from the processor time that the kernel counts for it."""

from __future__ import annotations

import os
import time
from pathlib import Path

WINDOW_S = 0.5
IDLE_SHARE = 0.2


class ProcessorTime:
    """Looks at one process; each look compares with one at least a window ago."""

    def __init__(self, pid: int) -> None:
        self._stat = Path(f"/proc/{pid}/stat")
        self._start_s = self.used_s()
        self._last = (time.monotonic(), self._start_s)

    def used_s(self) -> float:
        """Processor seconds that the process has used, all threads together."""
        fields = self._stat.read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def share(self) -> float | None:
        """The share of one core used since the last look; none before the window is over."""
        now, used_s = time.monotonic(), self.used_s()
        elapsed_s = now - self._last[0]
        if elapsed_s < WINDOW_S:
            return None
        share = (used_s - self._last[1]) / elapsed_s
        self._last = (now, used_s)
        return share

    def is_idle(self) -> bool:
        """Whether a whole window passed in which the process hardly ran."""
        share = self.share()
        return share is not None and share < IDLE_SHARE

    def has_worked(self, seconds: float = 1.0) -> bool:
        """Whether the process has used so many processor seconds since the first look.

        A share of a core would depend on what else the machine does.
        """
        return self.used_s() - self._start_s > seconds
