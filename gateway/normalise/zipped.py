"""A zip of pages: its files, unpacked one after the other within limits (PKWARE APPNOTE 6.3.3 section 4).

The names in it are shown and never used as paths. What was unpacked is counted as it comes, whatever the zip says.
"""

import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from image import sniff
from image.errors import ScanError, ScanFault, is_local
from image.sniff import Kind

_ENTRIES: Final = 500
_DIRECTORY_BYTES: Final = 1 << 20
UNPACKED_BYTES: Final = 500_000_000
"""So much all zips of a mail may hold together: work files stand on the disk that devices are served from."""

_FREE_BYTES: Final = 16_000_000
_RATIO: Final = 200
"""So many times its own size a zip may hold, once that is more than 16 MB: a page of fax data hardly shrinks, and an
uncompressed white page of 600 dpi has 4 MB."""

_BLOCK_BYTES: Final = 1 << 16
_TAIL_BYTES: Final = 22 + 65535 + 20  # end record, its comment, and the locator of a zip64 before it
_END: Final = b"PK\x05\x06"
_LOCATOR: Final = b"PK\x06\x07"
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # others are unpacked without a limit
_IS_ENCRYPTED: Final = 0x1
_LITTER: Final = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})
_OFFICE: Final = frozenset({"[content_types].xml", "mimetype", "meta-inf/manifest.mf"})


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file out of a zip: its name there without folders, where it is now, and how large."""

    name: str
    path: Path
    size_bytes: int


@dataclass(slots=True)
class Room:
    """What the zips of one mail may still hold together."""

    files: int = _ENTRIES
    size_bytes: int = field(default_factory=lambda: UNPACKED_BYTES)


def unpack(source: Path, called: str, new_path: Callable[[], Path], room: Room) -> tuple[Unpacked, ...] | None:
    """Unpack a zip, file by file in its order; None when it is a document or program that only is packed as zip.

    It takes from ``room`` what it unpacks.
    Raises ScanError with the sentence for its sender when it needs a password, is damaged, holds another zip, or is
    larger than any scan; OSError when the disk is at fault.
    """
    name = f'The zip "{called}"' if called else "The zip in the mail"
    with source.open("rb") as file:
        _require_small(file, name)
        try:
            with zipfile.ZipFile(file) as opened:
                entries = opened.infolist()
                if {entry.filename.lower() for entry in entries} & _OFFICE:
                    return None
                pages = _pages(entries, name, room.files)
                room.files -= len(pages)
                return _unpacked(opened, pages, source.stat().st_size, name, new_path, room)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, struct.error) as error:
            raise ScanError(
                ScanFault.DAMAGED, f"{name} is damaged and cannot be unpacked. Please scan it again."
            ) from error
        except OSError as error:
            if not is_local(error):  # an offset out of a damaged directory
                raise ScanError(ScanFault.DAMAGED, f"{name} is damaged. Please scan it again.") from error
            raise


def _require_small(file: IO[bytes], name: str) -> None:
    """Refuse a zip whose directory would take much memory, before it is read."""
    size_bytes = file.seek(0, 2)
    file.seek(max(size_bytes - _TAIL_BYTES, 0))
    tail = file.read(_TAIL_BYTES)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise ScanError(ScanFault.DAMAGED, f"{name} is cut short. Please scan it again.")
    entries, directory_bytes = struct.unpack("<HI", tail[at + 10 : at + 16])
    if _LOCATOR in tail[max(at - 20, 0) : at] or entries > _ENTRIES or directory_bytes > _DIRECTORY_BYTES:
        raise ScanError(ScanFault.TOO_LARGE, f"{name} holds more than {_ENTRIES} files. {_UNZIPPED}")
    file.seek(0)


_UNZIPPED: Final = "Please have the printer attach its scans as PDF, not as zip."


def _pages(entries: list[zipfile.ZipInfo], name: str, most: int) -> list[zipfile.ZipInfo]:
    if len(entries) > most:  # fewer than for one where another zip stands before it
        raise ScanError(ScanFault.TOO_LARGE, f"{name} holds more than {most} files. {_UNZIPPED}")
    pages = [entry for entry in entries if not entry.filename.endswith("/") and not _is_litter(entry.filename)]
    if any(entry.flag_bits & _IS_ENCRYPTED for entry in pages):
        raise ScanError(ScanFault.ENCRYPTED, f"{name} needs a password, which nobody can give it here. {_UNZIPPED}")
    if any(entry.compress_type not in _METHODS for entry in pages):
        raise ScanError(ScanFault.UNSUPPORTED, f"{name} is packed in a way that is not read here. {_UNZIPPED}")
    return pages


def _is_litter(path: str) -> bool:
    """Tell whether a file is what desktops put beside everything; all else is judged by its bytes."""
    base = _base(path).lower()
    return base in _LITTER or base.startswith("._") or "__macosx/" in path.lower()


def _base(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _unpacked(
    opened: zipfile.ZipFile,
    entries: list[zipfile.ZipInfo],
    zip_bytes: int,
    name: str,
    new_path: Callable[[], Path],
    room: Room,
) -> tuple[Unpacked, ...]:
    own_bytes = max(_FREE_BYTES, _RATIO * zip_bytes)
    found: list[Unpacked] = []
    for entry in entries:
        path = new_path()
        with opened.open(entry) as packed, path.open("xb") as out:
            head = packed.read(sniff.HEAD_BYTES)
            if sniff.sniff(head, head) is Kind.ZIP:
                raise ScanError(ScanFault.UNSUPPORTED, f"{name} holds another zip. {_UNZIPPED}")
            block, size_bytes = head, 0
            while block:
                size_bytes += out.write(block)
                if size_bytes > min(own_bytes, room.size_bytes):
                    raise ScanError(ScanFault.TOO_LARGE, f"{name} unpacks to more than any scan. {_UNZIPPED}")
                block = packed.read(_BLOCK_BYTES)
        own_bytes -= size_bytes
        room.size_bytes -= size_bytes
        found.append(Unpacked(_base(entry.filename), path, size_bytes))
    return tuple(found)
