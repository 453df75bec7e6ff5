"""The text of the TOML file, or why there is none."""

import codecs
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from conf.finding import Mistake
from conf.small_file import Trouble, read

LARGEST_BYTES: Final = 1_048_576
"""The default file with every comment has 20 kB; a larger one is not a configuration."""


@dataclass(frozen=True, slots=True)
class Source:
    """A configuration text. ``folder`` is absolute, without links: relative paths are taken from it."""

    name: str
    folder: Path
    text: str = field(repr=False)
    is_open_to_all: bool


def read_source(path: Path | None) -> Source | Mistake:
    """Read the TOML file: UTF-8, with or without byte order mark, any line ends. No path is an empty file here."""
    if path is None:
        return Source("configuration", Path.cwd(), "", is_open_to_all=False)
    name = str(path)
    content = read(path, LARGEST_BYTES)
    if isinstance(content, Trouble):
        return Mistake(name, None, "", content.what)
    if content.data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Mistake(name, None, "", "is UTF-16 text: save it as UTF-8")
    try:
        text = content.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.data.count(b"\n", 0, error.start) + 1
        byte = content.data[error.start]
        return Mistake(name, line, "", f"holds a byte that is not UTF-8 (0x{byte:02X}): save the file as UTF-8")
    return Source(name, path.parent.resolve(), text, content.is_open_to_all)
