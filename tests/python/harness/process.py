"""A child process whose output is kept in a file, and which no test leaves behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.deadline import wait_until


class ManagedProcess:
    """Starts a command with both of its outputs in one log file."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        environment: dict[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.command = [str(part) for part in command]
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=folder,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def output(self) -> str:
        """What this process has printed so far."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def tail(self, lines: int = 40) -> str:
        """The last lines of the output, under a heading."""
        last = "\n".join(self.output().splitlines()[-lines:])
        return f"--- end of {self.log}\n{last}\n---"

    def exit_code(self) -> int | None:
        """The exit code; negative for a signal; None while it runs."""
        return self._child.poll()

    def is_running(self) -> bool:
        """Whether it still runs."""
        return self.exit_code() is None

    def wait(self, timeout_s: float) -> int:
        """Waits for the end and returns the exit code."""
        try:
            return self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.command[0]} still runs after {timeout_s:g} s\n{self.tail()}"
            ) from None

    def wait_for_line(self, pattern: str, timeout_s: float) -> re.Match[str]:
        """Waits until the output has a match of `pattern`; an early end is an error."""
        regex = re.compile(pattern)

        def look() -> re.Match[str] | None:
            code = self.exit_code()
            match = regex.search(self.output())
            if match is None and code is not None:
                raise AssertionError(
                    f"{self.command[0]} ended with {code} before {pattern!r}\n{self.tail()}"
                )
            return match

        return wait_until(
            f"{self.command[0]} prints {pattern!r}",
            look,
            timeout_s=timeout_s,
            on_timeout=self.tail,
        )

    def kill(self) -> None:
        """SIGKILL to the process and what it started, as a power cut would."""
        if self.is_running():
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait(30)

    def stop(self, timeout_s: float = 30, *, by: signal.Signals = signal.SIGINT) -> int:
        """Asks the process to end, by default as Ctrl-C does, and returns its exit code."""
        if self.is_running():
            self._child.send_signal(by)
        return self.wait(timeout_s)
