"""smb.conf on disk: drawn for this box, tested before it replaces anything, what was there before kept."""

import os
import pwd
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, unique
from pathlib import Path
from typing import Final, assert_never

from conf.model import Config
from gateway.operate import samba_tools as tools
from gateway.operate.samba_owner import SiteError, fault_above, owners
from gateway.spool import durable
from hotfolder.samba import Server, Site, draw, is_drawn
from hotfolder.samba_log import device_of

_MODE: Final = 0o644
_BEFORE: Final = ".before-scangate"
_DRAFT: Final = ".scangate-new"
_UNTOLD: Final = ".scangate-untold"
_CORES: Final = "cores"
"""What smbd makes beside its logs (Samba 4.17, measured 2026-11-25)."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where things stand on the box. A test may name others."""

    smb_conf: Path = Path("/etc/samba/smb.conf")
    legacy_conf: Path = Path("/etc/samba/scangate-legacy.conf")
    unit: Path = Path("/etc/systemd/system/scangate-legacy-smbd.service")
    legacy_folder: Path = Path("/var/lib/scangate-legacy-samba")

    def conf(self, server: Server) -> Path:
        """Return the smb.conf of a server."""
        return self.smb_conf if server is Server.MAIN else self.legacy_conf


def site(config: Config, server: Server, paths: Paths) -> Site:
    """Look up what drawing needs to know of the box. Raises SiteError."""
    match server:
        case Server.MAIN:
            return Site(owners(config))
        case Server.LEGACY:
            return Site(owners(config), paths.legacy_folder, ports=(445, 139))
        case _:
            assert_never(server)


def group_id(owners: Mapping[str, str]) -> int:
    """Return the group of the account the service runs as, which owns the folders; root's when there is none."""
    return next((pwd.getpwnam(name).pw_gid for name in owners.values()), 0)


def logs_fault(logs: Path) -> str:
    """Return why root must not make, own and write into this folder for smbd's logs; empty when nothing is against it.

    A folder that is in use for something else is not ours to change.
    """
    if above := fault_above(logs):
        return f"samba.logs: {logs} {above}; name a folder below /var/log"
    what = _fault_of(logs)
    return f"samba.logs: {logs} {what}" if what else ""


def _fault_of(logs: Path) -> str:
    try:
        status = logs.lstat()
    except FileNotFoundError:
        return ""
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0:
        return "is there and is no folder of root's; name another, or remove it"
    if any(name != _CORES and device_of(name.removesuffix(".old")) is None for name in os.listdir(logs)):
        return "holds other things than Samba's logs of devices; name a folder of its own"
    return ""


def text(config: Config, server: Server, paths: Paths, source: Path) -> str:
    """Return the smb.conf of a server on this box. Raises SiteError."""
    try:
        return draw(config, server, site(config, server, paths), source)
    except ValueError as error:
        raise SiteError(str(error)) from error


def current(path: Path) -> str | None:
    """Return what stands at a path, None when nothing does. Raises OSError."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def write_draft(path: Path, drawn: str) -> Path:
    """Write a new file beside the one it is to replace, durably, and return where it is. Raises OSError."""
    draft = path.with_name(f"{path.name}{_DRAFT}")
    draft.unlink(missing_ok=True)
    durable.write_file(draft, [drawn.encode()])
    draft.chmod(_MODE)
    return draft


def test_draft(draft: Path) -> list[str]:
    """Return what testparm warns of; a draft it refuses is removed. Raises ToolError."""
    try:
        return tools.test_file(draft)
    except tools.ToolError:
        draft.unlink(missing_ok=True)
        raise


def put(draft: Path, path: Path, before: str | None) -> Path | None:
    """Put a tested draft in its place, durably; return where a file that was not ours is kept, None without one."""
    kept = None
    if before is not None and not is_drawn(before):
        kept = _keep(path)
    durable.rename(draft, path)
    return kept


@unique
class Telling(Enum):
    """What smbd has to be told of a file that was put in its place; the value stands beside the file until it was."""

    RELOAD = "reload"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Owed:
    """What smbd has yet to be told; ``mark`` names the one that a person was asked to restart, once one was."""

    telling: Telling
    mark: str = ""


def owe(path: Path, what: Owed) -> None:
    """Note, durably and before a file is replaced, that smbd is to be told. Raises OSError."""
    if owed(path) != what:
        durable.replace_file(_untold(path), [f"{what.telling.value} {what.mark}".encode()])


def owed(path: Path) -> Owed | None:
    """Return what earlier runs have left untold, None when nothing is. Raises OSError."""
    word, _, mark = (current(_untold(path)) or "").partition(" ")
    return next((Owed(telling, mark) for telling in Telling if telling.value == word), None)


def settle(path: Path) -> None:
    """Forget it: smbd was told, or none runs. Raises OSError."""
    _untold(path).unlink(missing_ok=True)


def _untold(path: Path) -> Path:
    return path.with_name(f"{path.name}{_UNTOLD}")


def _keep(path: Path) -> Path:
    """Give a file a second name, durably, which outlives its replacement; nothing that has such a name is overwritten.

    After a crash before the replacement the name is there already.
    """
    number = 1
    while True:
        name = path.with_name(f"{path.name}{_BEFORE}{'' if number == 1 else f'-{number}'}")
        try:
            os.link(path, name)
        except FileExistsError:
            if not name.is_symlink() and name.samefile(path):
                return name
            number += 1
            continue
        durable.sync_directory(path.parent)
        return name
