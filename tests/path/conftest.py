"""What the journeys share: secrets on disk, and a box that is stopped whatever happens."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.path.box import Box
from tests.peers.entra import CLIENT_SECRET
from tests.peers.fixtures import PASSWORD


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    """The file that holds the mailbox's password."""
    return _secret(tmp_path / "password", PASSWORD)


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    """The file that holds the application's secret."""
    return _secret(tmp_path / "client-secret", CLIENT_SECRET)


def _secret(path: Path, text: str) -> Path:
    path.write_text(text + "\n", encoding="ascii")
    path.chmod(0o600)
    return path


@pytest.fixture
def make_box(tmp_path: Path) -> Iterator[Callable[..., Box]]:
    """Makes boxes below the test's folder; each takes Box's arguments but the folder, and is stopped at the end."""
    boxes: list[Box] = []

    def make(upstreams: str, **settings: object) -> Box:
        folder = tmp_path / f"box-{len(boxes)}"
        folder.mkdir()
        boxes.append(Box(folder, upstreams, **settings))  # type: ignore[arg-type]
        return boxes[-1]

    yield make
    for box in boxes:
        box.stop()
