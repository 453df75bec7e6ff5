from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.spool.given import Box, config, opened


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A fresh state directory, opened, beside an empty share."""
    with opened(config(tmp_path)) as fresh:
        yield fresh
