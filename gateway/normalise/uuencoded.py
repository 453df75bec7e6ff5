"""Files that a mail carries uuencoded within its text: ``begin 644 scan.tif``, lines, ``end`` (POSIX uuencode)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from gateway.normalise.encodings import uu_line

_BEGIN: Final = re.compile(rb"begin [0-7]{3,4} ([^\r\n]{1,255}?)[ \t]*\r?\n")
_LINE_BYTES: Final = 1024
_BLOCK_BYTES: Final = 1 << 18
_CHECKSUM: Final = 2
"""So many characters may stand behind a line's own: some encoders add a checksum."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file within a text: its name as written, where its bytes are now, and how many."""

    name: bytes
    path: Path
    size_bytes: int


def take_out(text: Path, new_path: Callable[[], Path]) -> tuple[Found, ...]:
    """Take the files out of a text, each into a new path; the text is left without them. Raises OSError."""
    if not _may_hold(text):
        return ()
    found: list[Found] = []
    rest = text.with_name(f"{text.name}.text")
    with text.open("rb") as source, rest.open("xb") as out:
        is_line_start = True
        while line := source.readline(_LINE_BYTES):
            begin = _BEGIN.fullmatch(line) if is_line_start else None
            is_line_start = line.endswith(b"\n")
            if begin is None or not _is_first(source):
                out.write(line)
                continue
            path = new_path()
            found.append(Found(begin[1], path, _take(source, path)))
    rest.replace(text)
    return tuple(found)


def _may_hold(text: Path) -> bool:
    held = b""
    with text.open("rb", buffering=0) as source:
        while block := source.read(_BLOCK_BYTES):
            if b"begin " in held + block:
                return True
            held = block[-8:]
    return False


def _is_first(source: IO[bytes]) -> bool:
    """Tell whether the next line is one of an encoded file: people write "begin 100 words" too."""
    at = source.tell()
    line = source.readline(_LINE_BYTES)
    source.seek(at)
    return bool(_decoded(line))


def _take(source: IO[bytes], path: Path) -> int:
    """Write a file up to its ``end``, or the first line that is none of it. Return its size."""
    size_bytes = 0
    with path.open("xb") as out:
        while line := source.readline(_LINE_BYTES):
            if line.rstrip() == b"end":
                break
            decoded = None if _BEGIN.fullmatch(line) else _decoded(line)
            if decoded is None:
                source.seek(-len(line), 1)
                break
            size_bytes += out.write(decoded)
    return size_bytes


def _decoded(line: bytes) -> bytes | None:
    bare = line.rstrip(b"\r\n")
    decoded = uu_line(bare)
    if decoded is None or len(bare) > 1 + (len(decoded) + 2) // 3 * 4 + _CHECKSUM:
        return None
    return decoded
