"""A real remote mount: a folder of this machine, mounted through SSH's file transfer, without a network."""

import contextlib
import os
import signal
import socket
import subprocess
import types
from pathlib import Path
from typing import Final, Self

from tests.peers.loopback import wait_until

SFTP_SERVER: Final = "/usr/lib/openssh/sftp-server"
KIND: Final = "fuse.sshfs"
READY_S: Final = 15


def _started(argv: list[str], end: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(argv, stdin=end.fileno(), stdout=end.fileno(), start_new_session=True)


class RemoteMount:
    """``here`` shows what lies in ``there``; whoever writes in ``there`` is to this kernel a writer on another machine.

    Mounted from construction until the end of its block. Needs root and /dev/fuse.
    """

    def __init__(self, folder: Path):
        """Make both folders below ``folder``, and mount."""
        self.there: Final = folder / "there"
        self.here: Final = folder / "here"
        self.there.mkdir()
        self.here.mkdir()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._server = _started([SFTP_SERVER], theirs)
            # Without the kernel's cache of 1 s, since a test's clock moves faster; sshfs has one of its own, of 20 s.
            options = "passive,attr_timeout=0,entry_timeout=0"
            self._client = _started(["sshfs", f":{self.there}", str(self.here), "-f", "-o", options], ours)
        try:
            wait_until(lambda: os.path.ismount(self.here), READY_S, "sshfs")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Mounted."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Unmount."""
        self.close()

    def close(self) -> None:
        """Unmount, and end both processes."""
        if os.path.ismount(self.here):
            subprocess.run(["umount", "--lazy", str(self.here)], check=True)
        for process in (self._client, self._server):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait(5)
