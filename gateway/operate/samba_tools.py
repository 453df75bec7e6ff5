"""Samba's and the system's own commands: testparm, pdbedit, smbpasswd, smbcontrol, useradd, systemctl."""

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conf.hidden import SecretStr
from gateway.operate.samba_plan import GECOS, Account, parse_accounts

_TIMEOUT_S: Final = 60
_SAMBA: Final = ("smbd", "testparm", "pdbedit", "smbpasswd", "smbcontrol")
_SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PONG: Final = re.compile(r"^PONG from pid (\d+)$", re.MULTILINE)
_HARMLESS: Final = ("Load smb config files from", "Loaded services file OK", "Weak crypto is", "Server role:")
"""What testparm says of every file; "weak crypto" is about the system's policy, not about the file."""


class ToolError(Exception):
    """A command failed; the sentence says which, and what it said."""


def missing() -> str:
    """Return a sentence on what is not installed, with the way to get it; empty when all is there."""
    absent = [name for name in _SAMBA if find(name) is None]
    if absent:
        return f"Samba is not installed ({', '.join(absent)} not found); install it: apt install samba"
    return "" if find("useradd") else "useradd is not found, so no account can be made; install it: apt install passwd"


def find(name: str) -> str | None:
    """Return where a command is, also when sbin is not on the caller's PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}")


def has_systemd() -> bool:
    """Tell whether the box runs systemd (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir() and find("systemctl") is not None


def test_file(path: Path) -> list[str]:
    """Have testparm read a file; return what it warns of. Raises ToolError when it refuses the file."""
    done = _attempt("testparm", "--suppress-prompt", str(path))
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    told = [line for line in said if not line.startswith(_HARMLESS)]
    if done.returncode != 0:
        raise ToolError(
            f"testparm refuses the new file, so nothing was replaced: {'; '.join(told) or 'no reason given'}"
        )
    return told


def setting(path: Path, name: str) -> str:
    """Return the value of a global setting of a smb.conf, defaults included."""
    return _run("testparm", "--suppress-prompt", f"--parameter-name={name}", str(path)).strip()


def comments() -> dict[str, str]:
    """Return every system account with its comment (the GECOS field)."""
    return {entry.pw_name: entry.pw_gecos for entry in pwd.getpwall()}


def make_account(name: str) -> None:
    """Make a system account that can do nothing but own a Samba password: no shell, no home."""
    home = ("--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin")
    _run("useradd", "--system", "--user-group", *home, "--comment", GECOS, name)


def accounts(conf: Path) -> dict[str, Account]:
    """Return the Samba accounts of the server with this smb.conf; none when it never had any. Makes nothing."""
    if not (Path(setting(conf, "private dir")) / "passdb.tdb").exists():
        return {}
    return parse_accounts(_run("pdbedit", f"--configfile={conf}", "--list", "--smbpasswd-style"))


def set_password(conf: Path, name: str, password: SecretStr) -> None:
    """Make the Samba account, or give it this password; the password goes by standard input."""
    text = password.get_secret_value()
    _run("smbpasswd", "-c", str(conf), "-s", "-a", name, told=f"{text}\n{text}\n")


def enable(conf: Path, name: str) -> None:
    """Let a Samba account log in."""
    _run("smbpasswd", "-c", str(conf), "-e", name)


def disable(conf: Path, name: str) -> None:
    """Let a Samba account log in no more."""
    _run("smbpasswd", "-c", str(conf), "-d", name)


@dataclass(frozen=True, slots=True)
class Smbd:
    """A smbd that runs: its process id, and a mark that no other process has, also after a restart of the box."""

    pid: int
    mark: str


def running(conf: Path) -> Smbd | None:
    """Return the smbd with this smb.conf that answers, None when none does."""
    pong = _PONG.search(_attempt("smbcontrol", f"--configfile={conf}", "smbd", "ping").stdout)
    if pong is None:
        return None
    pid = int(pong[1])
    try:
        # proc(5), stat: the name in parentheses may hold anything; the start time is the 20th field behind it.
        started = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None  # it has just ended
    return Smbd(pid, f"{boot}/{pid}/{started}")


def reload(conf: Path) -> None:
    """Have a running smbd read its file again."""
    _run("smbcontrol", f"--configfile={conf}", "smbd", "reload-config")


def systemctl(*words: str) -> None:
    """Run systemctl."""
    _run("systemctl", *words)


def is_active(unit: str) -> bool:
    """Tell whether systemd has a unit running."""
    return _attempt("systemctl", "is-active", "--quiet", unit).returncode == 0


def _run(name: str, *arguments: str, told: str = "") -> str:
    done = _attempt(name, *arguments, told=told)
    if done.returncode != 0:
        said = " ".join(done.stderr.split())  # never stdout: pdbedit lists there what stands for passwords
        raise ToolError(f"{name} failed with {done.returncode}: {said or 'it gave no reason'}")
    return done.stdout


def _attempt(name: str, *arguments: str, told: str = "") -> subprocess.CompletedProcess[str]:
    command = find(name)
    if command is None:
        raise ToolError(f"{name} is not found")
    try:
        return subprocess.run(
            [command, *arguments],
            input=told,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{name} did not end within {_TIMEOUT_S} s") from error
