from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.normalise.station import Station
from tests.gateway.spool.given import Box, config, opened


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A fresh state directory, opened, beside an empty share."""
    with opened(config(tmp_path)) as fresh:
        yield fresh


@pytest.fixture
def station(box: Box) -> Station:
    """The normaliser of the box."""
    return Station(box)
