"""``samba-apply``: accounts, smb.conf and a reload, for the locked smbd and, if wanted, the one with SMB1.

The order: the new file is written beside the old one and tested; the accounts are made with it; then it takes the place
of the old one; then smbd is told. A run that stops anywhere is finished by the next.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from conf.model import Config
from gateway.operate import samba_files as on_disk
from gateway.operate import samba_owner
from gateway.operate import samba_plan as plan
from gateway.operate import samba_tools as tools
from gateway.operate.samba_files import Owed, Paths, Telling
from gateway.operate.samba_owner import Found, SiteError
from gateway.spool import durable
from hotfolder.samba import FOLDERS, Server, is_drawn, needs_restart, served

_UNITS: Final = {Server.MAIN: "smbd", Server.LEGACY: "scangate-legacy-smbd"}


@dataclass(slots=True)
class Report:
    """What was done (or with a dry run: would be), what to know, and what is left for a person; one sentence each."""

    done: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


class ApplyError(Exception):
    """Nothing was done; the sentence says why, and what to do."""


def apply(config: Config, source: Path, paths: Paths, report: Report, *, is_dry: bool) -> None:
    """Make Samba what the configuration says, and tell it to ``report``, also what was done before an error.

    ``is_dry`` only tells. Raises ApplyError, SiteError, ToolError and OSError; the next run then finishes the work.
    """
    is_ours = is_drawn(on_disk.current(paths.smb_conf) or "")
    if not is_ours and not any(share.user for share in config.share):
        report.notes.append("no share has a user, so Samba is left to whoever configures it")
        return
    if sentence := tools.missing():
        raise ApplyError(sentence)
    if os.geteuid() != 0:
        raise ApplyError("this needs root, to make accounts and to write smb.conf; run it with sudo")
    strangers = list(plan.strangers(config, tools.comments()))
    if strangers:
        raise ApplyError("\n".join(strangers))
    found = samba_owner.sound(config)
    if fault := on_disk.logs_fault(config.samba.logs):
        raise SiteError(fault)
    _make_folders(config, paths, found, report, is_dry=is_dry)
    _make_unix_accounts(config, report, is_dry=is_dry)
    _serve(config, Server.MAIN, paths, source, report, is_dry=is_dry)
    if not is_dry:
        _end_nmbd(report)
    if served(config, Server.LEGACY):
        _serve(config, Server.LEGACY, paths, source, report, is_dry=is_dry)
    else:
        _end_legacy(paths, report, is_dry=is_dry)


def _make_folders(config: Config, paths: Paths, found: Found, report: Report, *, is_dry: bool) -> None:
    if (service := found.service) is not None:
        for path in found.missing.values():
            if not is_dry:
                samba_owner.make_folder(path, 0o750, service.pw_uid, service.pw_gid)
            report.done.append(f"made the folder {path}, owned by {service.pw_name}")
    wanted = []
    if found.owners or not config.samba.logs.is_dir():
        wanted.append((config.samba.logs, 0o750, on_disk.group_id(found.owners)))
    if served(config, Server.LEGACY):
        wanted.append((paths.legacy_folder, 0o755, 0))
        modes = {name: 0o700 if name == "private" else 0o755 for name in FOLDERS.values()}
        wanted += [(paths.legacy_folder / name, mode, 0) for name, mode in modes.items()]
    for path, mode, group_id in wanted:
        if path.is_dir() and path.stat().st_gid == group_id and path.stat().st_mode & 0o7777 == mode:
            continue
        if not is_dry:
            samba_owner.make_folder(path, mode, 0, group_id)
        report.done.append(f"made the folder {path}")


def _make_unix_accounts(config: Config, report: Report, *, is_dry: bool) -> None:
    there = tools.comments()
    for name in dict.fromkeys(share.user for share in config.share if share.user is not None):
        if name not in there:
            if not is_dry:
                tools.make_account(name)
            report.done.append(f"made the account {name}, without shell and home")


def _serve(config: Config, server: Server, paths: Paths, source: Path, report: Report, *, is_dry: bool) -> None:
    path = paths.conf(server)
    drawn = on_disk.text(config, server, paths, source)
    before = on_disk.current(path)
    with ExitStack() as undone:
        beside = path if not is_dry else Path(undone.enter_context(TemporaryDirectory())) / path.name
        draft = on_disk.write_draft(beside, drawn)
        undone.callback(draft.unlink, missing_ok=True)
        if not (is_dry and server is Server.LEGACY and not paths.legacy_folder.is_dir()):
            report.notes += [f"testparm on {path}: {warning}" for warning in on_disk.test_draft(draft)]
            _set_accounts(config, server, draft, report, is_dry=is_dry)
        smbd = tools.running(path)
        owed = _still_owed(path, smbd)
        has_moved = needs_restart(before or "", drawn) or (owed is not None and owed.telling is Telling.RESTART)
        is_changed = before != drawn
        if not is_dry and (is_changed or server is Server.LEGACY):
            anew = Owed(Telling.RESTART if has_moved else Telling.RELOAD)
            on_disk.owe(path, anew if is_changed or owed is None else owed)
        if is_dry and before is not None and not is_drawn(before):
            report.notes.append(f"{path} is somebody else's: it would be out of force, and kept beside the new one")
        if is_changed:
            kept = None if is_dry else on_disk.put(draft, path, before)
            note = f"; what was there before is kept as {kept}" if kept else ""
            report.done.append(f"written {path}{note}")
    if server is Server.LEGACY:
        is_changed |= _write_unit(paths, report, is_dry=is_dry)
    is_untold = is_changed or (owed is not None and not owed.mark)
    if not is_dry:
        is_told = _tell(server, path, smbd, report, is_untold=is_untold, has_moved=has_moved)
        if is_told or smbd is None:
            on_disk.settle(path)
        else:
            on_disk.owe(path, Owed(Telling.RESTART, smbd.mark))
    elif owed is not None and owed.telling is Telling.RESTART and smbd is not None and not tools.has_systemd():
        report.left.append(_restart_by_hand(smbd, path))


def _still_owed(path: Path, smbd: tools.Smbd | None) -> Owed | None:
    """Return what earlier runs have left untold; a restart left to a person is done once that smbd runs no more."""
    owed = on_disk.owed(path)
    return None if owed is None or (owed.mark and (smbd is None or smbd.mark != owed.mark)) else owed


def _set_accounts(config: Config, server: Server, conf: Path, report: Report, *, is_dry: bool) -> None:
    keep = plan.wanted(config, server)
    before = tools.accounts(conf)
    for name in plan.to_disable(before, keep, tools.comments()):
        if not is_dry:
            tools.disable(conf, name)
        report.done.append(f"disabled the Samba account {name}, which no share{_of(server)} names any more")
    if is_dry:
        report.done += [f"made the Samba account {name}{_of(server)}" for name in keep if name not in before]
        report.done += [
            f"enabled the Samba account {name}{_of(server)}"
            for name in keep
            if name in before and before[name].is_disabled
        ]
        if any(name in before for name in keep):
            report.notes.append(f"a dry run does not tell whether the passwords{_of(server)} have changed")
        return
    for name, password in keep.items():
        tools.set_password(conf, name, password)
    after = tools.accounts(conf)
    for name in keep:
        if after[name].is_disabled:
            tools.enable(conf, name)
        report.done += _news(name, before.get(name), after[name], server)


def _news(name: str, before: plan.Account | None, after: plan.Account, server: Server) -> Iterator[str]:
    if before is None:
        yield f"made the Samba account {name}{_of(server)}"
    elif before.digest != after.digest:
        yield f"given the Samba account {name}{_of(server)} its new password"
    if before is not None and before.is_disabled:
        yield f"enabled the Samba account {name}{_of(server)}"


def _of(server: Server) -> str:
    return " of the SMB1 server" if server is Server.LEGACY else ""


def _write_unit(paths: Paths, report: Report, *, is_dry: bool) -> bool:
    if not tools.has_systemd():
        return False
    unit = plan.draw_unit(tools.find("smbd") or "/usr/sbin/smbd", paths.legacy_conf)
    if on_disk.current(paths.unit) == unit:
        return False
    report.done.append(f"written {paths.unit}")
    if not is_dry:
        durable.replace_file(paths.unit, [unit.encode()])
        paths.unit.chmod(0o644)
        tools.systemctl("daemon-reload")
    return True


def _tell(
    server: Server, path: Path, smbd: tools.Smbd | None, report: Report, *, is_untold: bool, has_moved: bool
) -> bool:
    """Have smbd use the file: reloaded when it runs, restarted when it has to listen elsewhere, started when not.

    Return False when a person has to restart it, which we do with systemd only.
    """
    unit = _UNITS[server]
    if tools.has_systemd() and (smbd is None or has_moved):
        tools.systemctl("enable", unit)
        tools.systemctl("restart", unit)
        report.done.append(f"{'restarted' if smbd else 'started'} {unit}")
    elif smbd is None:
        report.left.append(f"smbd is not running: start it: {_command(path)}")
    else:
        if is_untold:
            tools.reload(path)
            report.done.append(f"reloaded {unit}")
        if has_moved:
            report.left.append(_restart_by_hand(smbd, path))
            return False
    return True


def _restart_by_hand(smbd: tools.Smbd, path: Path) -> str:
    stop = f"stop it (process {smbd.pid}) and start it again"
    return f"smbd has to listen elsewhere: {stop}: {_command(path)}"


def _end_nmbd(report: Report) -> None:
    """End NetBIOS' name service, which a distribution starts beside smbd and which has nothing to do any more."""
    if tools.has_systemd() and tools.is_active("nmbd"):
        tools.systemctl("disable", "--now", "nmbd")
        report.done.append("stopped nmbd, which serves NetBIOS")


def _command(path: Path) -> str:
    return f"smbd --daemon --configfile={path}"


def _end_legacy(paths: Paths, report: Report, *, is_dry: bool) -> None:
    """End the SMB1 server when no share wants it any more; its accounts go with its file, and the file with it."""
    path = paths.legacy_conf
    if not is_drawn(on_disk.current(path) or ""):
        return
    if tools.has_systemd() and paths.unit.exists():
        if not is_dry:
            tools.systemctl("disable", "--now", _UNITS[Server.LEGACY])
            paths.unit.unlink()
            tools.systemctl("daemon-reload")
        report.done.append(f"stopped {_UNITS[Server.LEGACY]}")
    elif (smbd := tools.running(path)) is not None:
        for name in plan.to_disable(tools.accounts(path), {}, tools.comments()):
            if not is_dry:
                tools.disable(path, name)
            report.done.append(f"disabled the Samba account {name}{_of(Server.LEGACY)}")
        what = f"end it (process {smbd.pid}), then run samba-apply again"
        report.left.append(f"the SMB1 server still runs, though no share has legacy_smb1 any more: {what}")
        return
    report.done.append(f"removed {path}: no share has legacy_smb1 any more")
    if not is_dry:
        on_disk.settle(path)
        path.unlink()
        durable.sync_directory(path.parent)
