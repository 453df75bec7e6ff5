"""A process that ends at a step of our choice, as a kill would end it there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gateway.spool import durable, files
from gateway.spool.database import Database


class CrashError(BaseException):
    """The process ends here."""


def crash_at(patched: pytest.MonkeyPatch, step: int) -> None:
    """End the process at a durable step: of the spool, or before or after a transaction of the journal."""
    steps, real = 0, Database.transaction

    def crash(_step: str = "") -> None:
        nonlocal steps
        steps += 1
        if steps == step:
            raise CrashError

    @contextmanager
    def transaction(database: Database, **how: Any) -> Iterator[Any]:
        crash()
        with real(database, **how) as db:
            yield db
        crash()

    patched.setattr(durable, "checkpoint", crash)
    patched.setattr(Database, "transaction", transaction)
    patched.setattr(files, "discard", lambda _spool, _draft: None)  # a process that is gone tidies nothing up
