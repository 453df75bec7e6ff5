"""A directory on a disk or server that fails at some of its entries."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest


class Entry:
    """What a listing gives, of a file whose stat fails."""

    def __init__(self, entry: os.DirEntry[str], number: int) -> None:
        self.name, self._entry, self._number = entry.name, entry, number

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Fail."""
        raise OSError(self._number, os.strerror(self._number))

    def __getattr__(self, name: str) -> Any:
        """Everything else is in the directory itself."""
        return getattr(self._entry, name)


def fail_stat(monkeypatch: pytest.MonkeyPatch, numbers: Mapping[str, int]) -> None:
    """From now on, and as long as they stand in ``numbers``, asking for these names fails with their errno."""
    real = os.scandir

    @contextmanager
    def scandir(fd: Any) -> Iterator[Iterator[Any]]:
        with real(fd) as found:
            yield (Entry(one, numbers[one.name]) if one.name in numbers else one for one in found)

    monkeypatch.setattr("hotfolder.look.os.scandir", scandir)
