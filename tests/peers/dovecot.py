"""A private Dovecot that only checks logins: passwords from a file, tokens by asking the Entra stand-in."""

import shutil
import subprocess
import types
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Self

from tests.peers.dovecot_conf import Introspection, passwords, settings
from tests.peers.loopback import free_port, is_listening
from tests.peers.process import Process


class Dovecot:
    """Answers Postfix's questions at 127.0.0.1:port from construction until stop. Needs root."""

    def __init__(
        self,
        folder: Path,
        users: Mapping[str, str],
        introspection_url: str | None = None,
        authority: Path | None = None,
    ):
        """Start with these users and passwords; tokens are good when the URL says so, over TLS of this authority.

        The folder is made, and every folder above it must let other users pass: its processes do not run as root.
        """
        folder.mkdir(mode=0o711)
        self.log_file: Final = folder / "dovecot.log"
        self.port: Final = free_port()
        for name in ("run", "state"):
            (folder / name).mkdir(mode=0o755)
        introspection = None
        if introspection_url is not None:
            assert authority is not None, "tokens are asked about over TLS: say whose certificate to trust"
            # Its own copy: the auth process runs as another user and cannot enter the tests' private folders.
            trusted = folder / "authority.pem"
            shutil.copyfile(authority, trusted)
            introspection = Introspection(introspection_url, trusted)
        (folder / "passwords").write_text(passwords(dict(users)))
        for name, content in settings(folder, self.port, introspection, is_2_3=_is_2_3()).items():
            (folder / name).write_text(content)
        self._process = Process(["dovecot", "-F", "-c", str(folder / "dovecot.conf")], folder / "output.log")
        self._process.wait_ready(lambda: is_listening(self.port))

    def __enter__(self) -> Self:
        """The running Dovecot; leaving the block stops it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def failed_logins(self) -> int:
        """How often a password or token was refused, read from Dovecot's own log: one line each, as 2.3 words them."""
        refused = ("Password mismatch", "unknown user", "oauth2 failed")
        lines = self.log_file.read_text(errors="replace").splitlines() if self.log_file.exists() else []
        return sum(any(words in line for words in refused) for line in lines)

    def stop(self) -> None:
        """End it and all its children at once: it keeps nothing, and its own way takes 1 to 6 s (measured)."""
        self._process.kill()


@cache
def _is_2_3() -> bool:
    """Is Dovecot 2.3 installed? Its settings and those of 2.4 exclude each other."""
    done = subprocess.run(["dovecot", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.startswith("2.3")
