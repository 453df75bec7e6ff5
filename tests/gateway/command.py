"""The command line as an operator runs it: ``python -m gateway`` in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.peers.loopback import free_port

ROOT: Final = Path(__file__).resolve().parents[2]
TIMEOUT_S: Final = 60


def argv(*arguments: object) -> list[str]:
    """The command with these arguments."""
    return [sys.executable, "-m", "gateway", *map(str, arguments)]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a plain shell, 80 columns wide, without any of scangate's own variables."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SCANGATE_", "COLUMNS", "COVERAGE"))}
    return kept | {"PYTHONPATH": str(ROOT), "TZ": "UTC", "COLUMNS": "80"} | dict(more or {})


def scangate(*arguments: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        argv(*arguments), env=environment(env), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with a right configuration: one share, one listener, a Maildir."""

    folder: Path
    port: int

    @property
    def config(self) -> Path:
        """The TOML file."""
        return self.folder / "gateway.toml"

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.folder / "state"

    @property
    def scans(self) -> Path:
        """The share's folder."""
        return self.folder / "scans"

    @property
    def mails(self) -> list[Path]:
        """What has been delivered."""
        return sorted((self.folder / "mail" / "new").glob("*"))

    def text(self) -> str:
        """The configuration as it should be."""
        return TEXT.format(folder=self.folder, port=self.port)

    def write(self, old: str = "", new: str = "") -> None:
        """Write the configuration, with one piece of it replaced."""
        assert old in self.text()
        self.config.write_text(self.text().replace(old, new, 1) if old else self.text())


def place(folder: Path) -> Place:
    """A place whose configuration is right and whose share exists."""
    made = Place(folder, free_port())
    made.scans.mkdir()
    made.write()
    return made


TEXT: Final = """\
[gateway]
name = "box.example.org"
state = "{folder}/state"
admin = ["it@contoso.com"]

[sender]
address = "scanner@contoso.com"

[[upstream]]
method = "maildir"
path = "{folder}/mail"

[[share]]
name = "scans"
path = "{folder}/scans"
to = ["office@contoso.com"]
quiet = "200ms"

[[smtp]]
listen = "127.0.0.1:{port}"
clients = ["127.0.0.1"]
recipients = ["contoso.com"]
"""
