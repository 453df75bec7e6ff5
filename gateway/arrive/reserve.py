"""When the shares refuse new scans because too little space is left."""

from typing import Final

_BACK: Final = 4
"""The shares open again with a quarter of the reserve more, so that one scan more or less does not close them again."""


def opens_at_bytes(reserve_bytes: int) -> int:
    """Return the free space from which closed shares are opened again."""
    return reserve_bytes + reserve_bytes // _BACK


def is_to_be_closed(*, is_closed: bool, free_bytes: int, reserve_bytes: int) -> bool:
    """Tell whether the shares are to refuse: below the reserve, and until there is clearly more than it."""
    return free_bytes < (opens_at_bytes(reserve_bytes) if is_closed else reserve_bytes)
