from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.arrive.gate import Gate
from tests.gateway.spool.given import Box, config, opened


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A fresh state directory, opened, beside an empty share."""
    with opened(config(tmp_path)) as fresh:
        yield fresh


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A gate that is open at the end, whatever happened."""
    made = Gate()
    yield made
    made.opened.set()
