"""A share and a place for claims that no rename leads between."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hotfolder import carry
from hotfolder.arrival import ArrivedFile
from hotfolder.claim import Changed, Gone, Taken
from hotfolder.look import stamp_of

SCAN = b"a scan" * 300_000
MARK = "20261125T090257Z-k7q2-0001"


class Apart:
    """A share and a place for claims on two file systems."""

    def __init__(self, share: Path, claims: Path) -> None:
        self.share, self.claims = share, claims
        self.into = claims / "0001"

    def drop(self, content: bytes = SCAN, name: str = "scan.pdf") -> ArrivedFile:
        """Put a file into the share, and offer it."""
        path = self.share / name
        path.write_bytes(content)
        return ArrivedFile(path, stamp_of(path.stat()))

    def take(self, file: ArrivedFile, content: bytes = SCAN) -> Taken | Gone | Changed:
        """Take it, as read with this content."""
        return carry.take(file, self.into, hashlib.sha256(content).hexdigest(), MARK)

    @property
    def in_share(self) -> dict[str, bytes]:
        """What the share holds."""
        return {path.name: path.read_bytes() for path in self.share.iterdir()}

    @property
    def in_claims(self) -> dict[str, bytes]:
        """What was taken."""
        return {path.name: path.read_bytes() for path in self.claims.iterdir()}


@contextmanager
def two_file_systems(tmp_path: Path) -> Iterator[Apart]:
    """Both, empty: the share in memory, the claims on disk."""
    share = Path(tempfile.mkdtemp(dir="/dev/shm"))
    (tmp_path / "claims").mkdir()
    yield Apart(share, tmp_path / "claims")
    shutil.rmtree(share)


def at_the_rename(apart: Apart, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Do something in the instant before the share's file is hidden."""
    real = os.rename

    def rename(old: str, new: str, **where: Any) -> None:
        if old == "scan.pdf":
            meanwhile()
        real(old, new, **where)

    monkeypatch.setattr(os, "rename", rename)
