"""Whose the folders of served shares are: smbd writes as that account, so it is the service's own, and never root."""

import os
import pwd
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from conf.model import Config, Share

_GUEST: Final = "nobody"


class SiteError(Exception):
    """smb.conf cannot be drawn for this box; each line is a sentence with its key."""


@dataclass(slots=True)
class Found:
    """By the name of its share: each folder's owner, the sentence on what is wrong, the folder that is to be made.

    ``service`` is the account that the service runs as; None when nobody can tell.
    """

    service: pwd.struct_passwd | None
    owners: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    missing: dict[str, Path] = field(default_factory=dict)


def look(config: Config) -> Found:
    """Look up whose the folder of each served share is, and what is wrong with that. Changes nothing.

    A folder that is not there counts as the service's, when it can be made for it.
    """
    service = _service(config.gateway.state)
    found = Found(service)
    for share in config.share:
        if share.user is None:
            continue
        try:
            status = share.path.stat()
        except FileNotFoundError:
            fault = _fault_of_missing(share, service, config.gateway.state)
            if service is not None:
                found.owners[share.name] = service.pw_name
            found.missing[share.name] = share.path
        except OSError as error:
            fault = f"cannot be looked at ({error.strerror}); name a folder of the service's user"
        else:
            owner = _account(status.st_uid)
            is_folder = stat.S_ISDIR(status.st_mode)
            fault = (
                _fault_of_owner(share, owner, service, config.gateway.state)
                if is_folder
                else "is not a folder; name one"
            )
            if owner is not None:
                found.owners[share.name] = owner.pw_name
        if fault:
            found.faults[share.name] = f"share.{share.name}.path: {share.path} {fault}"
    return found


def sound(config: Config) -> Found:
    """Return the same when nothing is wrong. Raises SiteError, with every fault."""
    found = look(config)
    if found.faults:
        raise SiteError("\n".join(found.faults.values()))
    return found


def owners(config: Config) -> Mapping[str, str]:
    """Return for each served share the account that smbd is to write as. Raises SiteError, with every fault."""
    return sound(config).owners


def faults_of_owners(config: Config) -> list[str]:
    """Return a sentence for each served share whose folder is there and belongs to the wrong account."""
    found = look(config)
    return [sentence for name, sentence in found.faults.items() if name not in found.missing]


def fault_above(path: Path) -> str:
    """Return why root must not make or give away a folder of this name; empty when nothing is against it.

    Whoever may rename a folder above it could lay a link there, and have anything else given away.
    """
    return next((found for above in path.parents if (found := _fault_above(above))), "")


def _fault_above(above: Path) -> str:
    try:
        status = above.stat()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"cannot be looked at ({above}: {error.strerror})"
    if not stat.S_ISDIR(status.st_mode):
        return f"cannot be made, {above} is no folder"
    if status.st_uid != 0 or status.st_mode & stat.S_IWOTH:
        return f"lies in {above}, where others than root may write"
    return ""


def _fault_of_owner(
    share: Share, owner: pwd.struct_passwd | None, service: pwd.struct_passwd | None, state: Path
) -> str:
    name = service.pw_name if service else "USER"
    mend = f"give it to the service's user: chown {name} {share.path}"
    if service is None and _is_roots(state):
        both = f"chown USER {share.path}, chown -R USER {state}"
        mend = (
            f"run scangate as a user of its own, not as root, and give that user the folder and gateway.state: {both}"
        )
    if owner is None:
        return f"belongs to no known account; {mend}"
    if owner.pw_uid == 0:
        return f"belongs to root, and Samba would write as root; {mend}"
    if owner.pw_name == _GUEST:
        return f"belongs to nobody, Samba's guest, who may not write; {mend}"
    if service is not None and owner.pw_uid != service.pw_uid:
        return f"belongs to {owner.pw_name}, and gateway.state to {service.pw_name}, whom the service runs as; {mend}"
    return ""


def _fault_of_missing(share: Share, service: pwd.struct_passwd | None, state: Path) -> str:
    mend = "make the folder, owned by the service's user"
    if service is None:
        return f"does not exist; {mend}"
    if fault := fault_above(share.path):
        return f"does not exist, and {fault}; {mend}"
    nearest = next(above for above in share.path.parents if above.exists())
    if nearest.stat().st_dev != state.stat().st_dev:
        return f"does not exist, and would not be on the file system of gateway.state ({state}); {mend}, or mount it"
    return ""


def _service(state: Path) -> pwd.struct_passwd | None:
    """Return the owner of the state. One of root's says nothing: it was made by hand, or root runs the service."""
    try:
        owner = _account(state.stat().st_uid)
    except OSError:
        return None
    return None if owner is None or owner.pw_uid == 0 or owner.pw_name == _GUEST else owner


def _is_roots(state: Path) -> bool:
    try:
        return state.stat().st_uid == 0
    except OSError:
        return False


def _account(user_id: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(user_id)
    except KeyError:
        return None


def make_folder(path: Path, mode: int, user_id: int, group_id: int) -> None:
    """Make a folder with this owner, or change owner and mode of it; a link is not followed. Raises OSError."""
    path.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchown(fd, user_id, group_id)
        os.fchmod(fd, mode)
    finally:
        os.close(fd)
