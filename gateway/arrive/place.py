"""Whether the folders of a configuration can be worked in, before anything is promised."""

import os
from pathlib import Path

from conf.model import Config
from hotfolder.mounts import Mount, Reach
from hotfolder.remote import foreign_mount
from hotfolder.settle import Rule, polling


def faults(config: Config) -> list[str]:
    """Return a sentence for each folder that cannot be worked in: the key, what is wrong, the mend. Changes nothing."""
    state = config.gateway.state
    found = _state_faults(state)
    base = _nearest(state)
    for share in config.share:
        key = f"share.{share.name}.path: {share.path}"
        if not share.path.exists():
            more = ", or run scangate samba-apply" if share.user else ""
            found.append(f"{key} does not exist; make the folder, owned by the service's user{more}")
        elif not share.path.is_dir():
            found.append(f"{key} is not a folder; name one")
        elif not os.access(share.path, os.R_OK | os.W_OK | os.X_OK):
            found.append(f"{key} cannot be read and written; give it to the service's user")
        elif base is not None and share.path.stat().st_dev != base.stat().st_dev and not foreign_mount(share.path):
            # A scan leaves a share by a rename, which is possible within one file system only; off a remote mount it is
            # copied.
            found.append(f"{key} is not on the file system of gateway.state ({state}); put both on one")
    return found


def warnings(config: Config) -> list[str]:
    """Return a sentence for each folder that works, yet not as on a local disk: the key, what is so, the mend."""
    found = []
    base = _nearest(config.gateway.state)
    mount = base and foreign_mount(base)
    if mount and mount.reach is not Reach.NETWORK:
        found.append(
            f"gateway.state: {config.gateway.state} is on a shared file system ({mount.kind}), whose writes may not "
            "survive a power cut; name a directory on a local disk"
        )
    for share in config.share:
        if mount := _share_mount(share.path):
            quiet_s = polling(Rule(share.quiet, share.incomplete_timeout)).quiet_s
            found.append(
                f"share.{share.name}.path: {share.path} is on a remote or shared file system ({mount.kind}), where "
                f"nobody can tell who still writes: scans are looked for every few seconds and taken {quiet_s:g} s "
                "after their last change or later; serve the folder from this box instead"
            )
    return found


def _share_mount(path: Path) -> Mount | None:
    try:
        return foreign_mount(path)
    except OSError:
        return None  # ``faults`` says so


def _state_faults(state: Path) -> list[str]:
    base = _nearest(state)
    if base is None or not base.is_dir():
        return [f"gateway.state: {base or state} is not a directory; name one on a local disk"]
    if not os.access(base, os.W_OK | os.X_OK):
        return [f"gateway.state: {base} cannot be written; name a directory that the service's user owns"]
    mount = foreign_mount(base)
    if mount and mount.reach is Reach.NETWORK:
        unsafe = "where neither the journal nor a flushed scan is safe; name a directory on a local disk"
        return [f"gateway.state: {state} is on a network file system ({mount.kind}), {unsafe}"]
    return []


def _nearest(path: Path) -> Path | None:
    """Return the path itself, or the nearest of its parents that exists."""
    return next((place for place in (path, *path.parents) if place.exists()), None)
