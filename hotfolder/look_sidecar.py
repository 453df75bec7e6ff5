"""What a sidecar in a share says now. Follows no link, and reads nothing but the file that was seen."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from hotfolder.arrival import ArrivedFile, Stamp
from hotfolder.errors import advice, telling
from hotfolder.look import open_in_share, stamp_of, why_strange
from hotfolder.names import display_name
from hotfolder.sidecar import SIDECAR_BYTES, Sidecar, Unusable
from hotfolder.sidecar_read import read
from hotfolder.verdict import Incomplete, Structure, Unreadable, Whole


@dataclass(frozen=True, slots=True)
class Read:
    """What was read, and the SHA-256 (lower-case hex) of the very bytes that say so."""

    said: Sidecar | Unusable
    sha256: str


def ask_sidecar(path: Path, stamp: Stamp, folder: str = "") -> Structure | None:
    """Judge a sidecar as ``ask_structure`` judges a scan: one that cannot be understood may still be on its way."""
    try:
        data = _read(path, stamp, folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Unreadable(f"it cannot be read: {advice(error)}")
    if data is None:
        return None
    match read(data, path.name):
        case Unusable(reason=reason):
            return Incomplete(reason)
        case Sidecar():
            return Whole()


def read_sidecar(file: ArrivedFile) -> Read | None:
    """Read a finished sidecar; None when it is not the file any more that was offered. Raises ShareError."""
    with telling(f"cannot read {display_name(file.path.name)}"):
        data = _read(file.path, file.stamp, file.folder)
    return None if data is None else Read(read(data, file.path.name), hashlib.sha256(data).hexdigest())


def _read(path: Path, stamp: Stamp, folder: str) -> bytes | None:
    with open_in_share(path, folder) as fd:
        status = os.fstat(fd)
        if why_strange(status) or stamp_of(status) != stamp:
            return None
        data = os.read(fd, SIDECAR_BYTES + 1)
        return data if stamp_of(os.fstat(fd)) == stamp else None
