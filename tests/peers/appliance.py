"""A whole box: a network and the system's folders in namespaces, where root may do what it likes to no harm."""

import os
import shutil
import subprocess
import tempfile
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from tests.peers.process import Process

ADDRESS: Final = "10.99.0.1"
LEGACY_ADDRESS: Final = "10.99.0.2"
TIMEOUT_S: Final = 60
_OWN: Final = ("etc", "run", "var/cache", "var/lib", "var/log")
_ENTER: Final = """
for name in {own}; do mount --bind "$0/$name" "/$name" || exit 1; done
ip link set lo up && ip address add {address}/32 dev lo && ip address add {legacy}/32 dev lo || exit 1
touch "$0/ready" && exec sleep infinity
"""


class Appliance:
    """Namespaces with their own network (ADDRESS and LEGACY_ADDRESS), /etc (a copy), /run, /var/lib, /var/log."""

    def __init__(self) -> None:
        """Make it. Needs root, unshare, nsenter and ip."""
        self.folder: Final = Path(tempfile.mkdtemp(prefix="peer-appliance-"))
        self.folder.chmod(0o711)
        subprocess.run(["cp", "-a", "/etc", self.folder], check=True, timeout=TIMEOUT_S)
        for name in _OWN[1:]:
            (self.folder / name).mkdir(parents=True)
        for name in ("var/lib/samba/private", "var/log/samba", "var/cache/samba", "run/samba"):
            (self.folder / name).mkdir(parents=True)
        self._processes: list[Process] = []
        script = _ENTER.format(own=" ".join(_OWN), address=ADDRESS, legacy=LEGACY_ADDRESS)
        argv = ["unshare", "--mount", "--net", "sh", "-c", script, str(self.folder)]
        self._holder = Process(argv, self.folder / "holder.log")
        self._holder.wait_ready((self.folder / "ready").exists)

    def __enter__(self) -> Self:
        """The box; leaving the block ends everything in it and removes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """End what runs in the box, and remove it."""
        for process in (*reversed(self._processes), self._holder):
            process.kill()
        shutil.rmtree(self.folder)

    def argv(self, *command: object) -> list[str]:
        """The command as it is run in the box."""
        return ["nsenter", f"--target={self._holder.pid}", "--mount", "--net", "--", *map(str, command)]

    def run(
        self, *command: object, env: Mapping[str, str] | None = None, told: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the box to its end, whatever comes of it."""
        return subprocess.run(
            self.argv(*command),
            env={**os.environ, **(env or {})},
            input=told,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )

    def start(self, *command: object) -> Process:
        """Start a daemon in the box; it ends with the box at the latest."""
        process = Process(self.argv(*command), self.folder / f"daemon-{len(self._processes)}.log")
        self._processes.append(process)
        return process

    def start_smbd(self, conf: str) -> Process:
        """Start smbd in the box with a smb.conf of the box, and wait until it answers."""
        process = self.start("smbd", "--foreground", "--no-process-group", f"--configfile={conf}")
        ping = ("smbcontrol", f"--configfile={conf}", "smbd", "ping")
        process.wait_ready(lambda: self.run(*ping).returncode == 0)
        return process

    def smb(
        self, where: str, user: str, password: str, commands: str, *options: str
    ) -> subprocess.CompletedProcess[str]:
        """Run smbclient in the box, against ``ADDRESS/share``."""
        argv = ("smbclient", f"//{where}", "-U", user, "-c", commands, "--configfile=/dev/null", *options)
        return self.run(*argv, env={"PASSWD": password})

    def path(self, name: str) -> Path:
        """Where a file of the box's own folders, such as "/etc/passwd", stands outside."""
        return self.folder / name.lstrip("/")
