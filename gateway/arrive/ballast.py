"""Space on the disk that devices cannot fill, since it is taken already: given up when there is no other left."""

import os
from pathlib import Path
from typing import Final

NAME: Final = "ballast"
"""The file in [gateway] state."""


def is_there(state: Path) -> bool:
    """Tell whether the space is kept."""
    return (state / NAME).exists()


def is_whole(state: Path, size_bytes: int) -> bool:
    """Tell whether just so much is kept: not the rest of a making cut short, nor what another configuration wanted."""
    path = state / NAME
    return path.exists() and path.stat().st_size == max(1, size_bytes)


def keep(state: Path, size_bytes: int) -> None:
    """Take the space without writing it, in the place of what was kept before. Raises OSError; then nothing is kept."""
    path = state / NAME
    try:
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, size_bytes))
    except OSError:
        path.unlink(missing_ok=True)
        raise


def give_up(state: Path) -> None:
    """Set the space free. Raises OSError."""
    (state / NAME).unlink(missing_ok=True)
