"""A scan that is split into three mails, and a process that dies at a chosen step of it."""

import asyncio
import itertools
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.spool import durable
from image.confined import worker
from image.document import Document, Page, Part
from tests.gateway.normalise.station import Station
from tests.gateway.spool.given import config, opened

PAGES = 7
PARTS = ((1, 3), (4, 3), (7, 1))
"""First page and number of pages of each mail."""


async def split_in_three(_sources: Sequence[Path], out: Path, *_args: Any, **_named: Any) -> Document:
    """What the converter answers when a scan must be split: three PDFs beside ``out``."""
    return _parted(out)


def _parted(out: Path) -> Document:
    parts = []
    out.write_bytes(b"%PDF-whole")
    for number, (first, count) in enumerate(PARTS, 1):
        path = out.with_name(f"{out.name}.{number}")
        path.write_bytes(f"%PDF-{number}".encode())
        parts.append(Part(path, first, count, path.stat().st_size))
    pages = (Page(595.0, 842.0, "passed"),) * PAGES
    return Document(out, pages, 10, ("It was split.",), "", tuple(parts))


def main() -> None:
    """Normalise the one job in each of ever more copies of a box, ended at the first step, the second, and so on."""
    base = Path(sys.argv[1])
    for step in itertools.count(1):
        root = base / f"{step:03d}"
        with opened(config(root)) as box:
            box.admit()
        child = os.fork()
        if not child:
            _die_at(root, step)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            return


def _die_at(root: Path, step: int) -> None:
    steps = itertools.count(1)

    def checkpoint(_name: str) -> None:
        if next(steps) == step:
            os._exit(9)

    with opened(config(root)) as box, pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "convert", split_in_three)
        patch.setattr(durable, "checkpoint", checkpoint)
        asyncio.run(Station(box).work())
    os._exit(0)


if __name__ == "__main__":
    main()
