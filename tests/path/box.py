"""A whole scangate as its users run it: a process of its own, a TOML file, a share, an SMTP port."""

import json
import os
import subprocess
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from gateway.operate.records import reading
from gateway.spool.job import OWED, State
from tests.peers.loopback import free_port, wait_until
from tests.peers.process import Process

ROOT = Path(__file__).resolve().parents[2]
DELIVERY = '[delivery]\nfirst_retry = "500ms"\nlongest_retry = "1s"'


class Box:
    """One scangate below `folder`; its share and state lie there. `upstreams` is TOML, appended as it stands.

    So are `sharing`, further keys of the share, `gateway` and `more`. Started by `start` (or as a context manager),
    ended by `stop` (SIGTERM) or `kill` (as a crash).
    """

    def __init__(
        self,
        folder: Path,
        upstreams: str,
        *,
        share: Path | None = None,
        to: Sequence[str] = ("office@contoso.com",),
        recipients: Sequence[str] = ("contoso.com",),
        gateway: str = "",
        sharing: str = "",
        more: str = "",
    ):
        """Write the configuration; nothing runs yet."""
        self.folder = folder
        self.share = share or folder / "share"
        self.share.mkdir(exist_ok=True)
        self.state = folder / "state"
        self.smtp_port = free_port()
        self.config = folder / "gateway.toml"
        self.config.write_text(
            f"""
[gateway]
name = "box.example.org"
state = "{self.state}"
free_space = "1 MB"
{gateway}
[sender]
address = "scanner@contoso.com"
name = "Scanner"
[[share]]
name = "scans"
path = "{self.share}"
{f"to = {json.dumps(list(to))}" if to else ""}
quiet = "500ms"
incomplete_timeout = "1s"
{sharing}
[[smtp]]
listen = "127.0.0.1:{self.smtp_port}"
clients = ["127.0.0.1"]
recipients = {json.dumps(list(recipients))}
{DELIVERY}
{more}
{upstreams}
""",
            encoding="utf-8",
        )
        self.process: Process | None = None
        self.extra_environment: dict[str, str] = {}
        self._starts = 0

    def __enter__(self) -> Self:
        """Started."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Stopped."""
        self.stop()

    def start(self, *, program: Sequence[str] = ("-m", "gateway")) -> None:
        """Start the service and wait until it says that it is ready."""
        self._starts += 1
        log = self.folder / f"service-{self._starts}.log"
        self.process = Process([sys.executable, *program, "run", "--config", str(self.config)], log, self.environment)
        self.process.wait_ready(lambda: "event=service-ready" in log.read_text(), timeout_s=30)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the service: this interpreter finds the project, and nothing else is handed on."""
        return {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.extra_environment}

    def stop(self) -> None:
        """End the service as systemd would."""
        if self.process is not None:
            self.process.stop()
            self.process = None

    def kill(self) -> None:
        """End the service as a crash would."""
        assert self.process is not None
        self.process.kill()
        self.process = None

    @property
    def log(self) -> str:
        """What the service has logged, all starts together."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("service-*.log")))

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a scangate command with this box's configuration."""
        argv = [sys.executable, "-m", "gateway", *words, "--config", str(self.config)]
        return subprocess.run(
            argv, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )

    def queue(self) -> list[dict[str, Any]]:
        """Return what `scangate queue --json` lists."""
        answer = self.command("queue", "--json")
        assert answer.returncode == 0, answer.stderr
        jobs: list[dict[str, Any]] = json.loads(answer.stdout)
        return jobs

    def is_at_rest(self) -> bool:
        """Tell whether nothing is owed and nothing has failed; cheaper than asking the command line."""
        with reading(self.state) as (journal, _):
            return not journal.jobs((*OWED, State.FAILED, State.QUARANTINE), 1)

    def status(self) -> dict[str, Any]:
        """Return what `scangate status --json` says."""
        answer: dict[str, Any] = json.loads(self.command("status", "--json").stdout)
        return answer

    def waits_for_event(self, event: str, count: int = 1, timeout_s: float = 30) -> None:
        """Wait until the log has so many lines of an event."""
        try:
            wait_until(lambda: self.log.count(f"event={event} ") >= count, timeout_s, event)
        except TimeoutError as late:
            raise AssertionError(f"{late}\n{self.log}") from late
