"""A private smbd with one share, and the two ways a device reaches it: smbclient, and a client under test control."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from tests.peers.cable import BOX_ADDRESS, Cable
from tests.peers.loopback import ADDRESS, free_port, is_listening
from tests.peers.process import Process
from tests.peers.smb_client import SmbClient

SHARE: Final = "scans"
CLIENT_TIMEOUT_S: Final = 60

# The share settings a scanner's hot folder needs; the rest keeps smbd inside its own folder.
_SETTINGS: Final = """
[global]
  server role = standalone server
  workgroup = PEERS
  netbios name = PEER
  disable netbios = yes
  smb ports = {port}
  interfaces = {address}
  bind interfaces only = yes
  map to guest = never
  restrict anonymous = 2
  load printers = no
  printing = bsd
  printcap name = /dev/null
  disable spoolss = yes
  server min protocol = SMB2_02
  unix extensions = no
  oplocks = no
  level2 oplocks = no
  smb2 leases = no
  kernel oplocks = no
  durable handles = no
  strict allocate = no
  store dos attributes = no
  ea support = no
  deadtime = 15
  socket options = TCP_NODELAY SO_KEEPALIVE TCP_KEEPIDLE=30 TCP_KEEPINTVL=10 TCP_KEEPCNT=3 TCP_USER_TIMEOUT=60000
  passdb backend = tdbsam:{folder}/passdb.tdb
  username map = {folder}/users
  private dir = {folder}/private
  lock directory = {folder}/lock
  state directory = {folder}/state
  cache directory = {folder}/cache
  pid directory = {folder}/run
  ncalrpc dir = {folder}/ncalrpc
  logging = file
  log file = {folder}/smbd.log
  log level = 1
  max log size = 0
{extra}
[{share}]
  path = {share_dir}
  read only = no
  wide links = no
  follow symlinks = no
  create mask = 0660
  directory mask = 0770
  force user = {owner}
  hide unreadable = yes
"""


class Samba:
    """One smbd serving `share_dir` as the share "scans" on a loopback port; running from construction. Needs root."""

    def __init__(
        self,
        share_dir: Path | None = None,
        *,
        user: str = "printer1",
        password: str = "scan2mail",
        owner: str = "root",
        extra: str = "",
        cable: Cable | None = None,
    ):
        """Start it.

        Args:
            share_dir: what is shared; a new folder of its own when None.
            user: the name a client logs in with. smbd knows it as root, so that no system account is made for it.
            password: the only password.
            owner: the system account whose files the scans become (force user). Not nobody: it is smbd's guest, and
                opening a file to write was refused to it (Samba 4.17).
            extra: more lines of [global], which win over those here.
            cable: serve at its end in the box instead of on the loopback address.
        """
        self.user: Final = user
        self.password: Final = password
        self.port: Final = free_port()
        self._cable = cable
        self.folder: Final = Path(tempfile.mkdtemp(prefix="peer-samba-"))
        self.folder.chmod(0o711)
        self.share_dir: Final = share_dir or self.folder / "share"
        self._process: Process | None = None
        with self._undone_on_failure():
            if share_dir is None:
                self.share_dir.mkdir(mode=0o770)
                shutil.chown(self.share_dir, owner)
            self._write(owner, extra)
            self.start()

    def __enter__(self) -> Self:
        """The running server; leaving the block ends it and removes its folder."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def start(self) -> None:
        """Serve, at the same port as before a stop."""
        assert self._process is None, "it runs already"
        # --no-process-group: Process has made one already; smbd's own would let SIGTERM escape to pytest's.
        settings = f"--configfile={self.folder / 'smb.conf'}"
        argv = [*(self._cable.in_box if self._cable else ()), "smbd", "--foreground", "--no-process-group", settings]
        self._process = Process(argv, self.folder / "output.log")
        self._process.wait_ready(lambda: (self._cable.is_listening if self._cable else is_listening)(self.port))

    def stop(self) -> None:
        """End smbd and the connections it serves; the share stays."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def close(self) -> None:
        """Stop for good and remove every trace, but for a share_dir that was given."""
        self.stop()
        shutil.rmtree(self.folder)

    def run(self, commands: str) -> str:
        """What smbclient prints for these commands, separated by semicolons, as the share's user.

        Raises:
            RuntimeError: it could not log in, or a command failed; with what it printed.
        """
        done = self.attempt(commands, self.user, self.password)
        if done.returncode != 0 or "NT_STATUS_" in done.stdout:
            raise RuntimeError(f"smbclient: {commands}: {done.stdout}{done.stderr}")
        return done.stdout

    def attempt(self, commands: str, user: str, password: str, *options: str) -> subprocess.CompletedProcess[str]:
        """The same with any user, password and smbclient options, whatever comes of it."""
        argv = ["smbclient", f"//{ADDRESS}/{SHARE}", "-p", str(self.port), "-U", user, "-c", commands, *options]
        # The password goes by the environment, and the settings are smbd's own: nothing of the system's is read.
        argv += [f"--configfile={self.folder / 'smb.conf'}"]
        environment = {**os.environ, "PASSWD": password}
        return subprocess.run(
            argv, capture_output=True, text=True, check=False, env=environment, timeout=CLIENT_TIMEOUT_S
        )

    def put(self, local: Path, remote_name: str) -> None:
        """Copy one file onto the share in one go, as a healthy device does.

        Raises:
            RuntimeError: it was refused.
        """
        self.run(f'put "{local}" "{remote_name}"')

    def client(self) -> SmbClient:
        """A logged-in client for writers that are slow, or die; a context manager."""
        return SmbClient(self.port, SHARE, self.user, self.password)

    def empty(self) -> None:
        """Remove every file and folder from the share."""
        for path in self.share_dir.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def log_text(self) -> str:
        """What smbd has logged."""
        log = self.folder / "smbd.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def _write(self, owner: str, extra: str) -> None:
        for name in ("private", "lock", "state", "cache", "run", "ncalrpc"):
            (self.folder / name).mkdir(mode=0o755)
        (self.folder / "users").write_text(f"root = {self.user}\n")
        settings = _SETTINGS.format(
            port=self.port,
            address=BOX_ADDRESS if self._cable else ADDRESS,
            folder=self.folder,
            share=SHARE,
            share_dir=self.share_dir,
            owner=owner,
            extra=extra,
        )
        path = self.folder / "smb.conf"
        path.write_text(settings)
        argv = ["pdbedit", f"--configfile={path}", "--create", "--user=root", "--password-from-stdin"]
        told = f"{self.password}\n{self.password}\n"
        done = subprocess.run(argv, input=told, capture_output=True, text=True, check=False, timeout=CLIENT_TIMEOUT_S)
        if done.returncode != 0:
            raise RuntimeError(f"pdbedit: {done.stdout}{done.stderr}")

    @contextlib.contextmanager
    def _undone_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise
