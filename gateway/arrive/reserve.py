"""What too little space means: for the shares, for what lies in them, and for the space that is kept from devices."""

from typing import Final

_BACK: Final = 4
"""The shares open again with a quarter of the reserve more, so that one scan more or less does not close them again."""


def opens_at_bytes(reserve_bytes: int) -> int:
    """Return the free space from which closed shares are opened again."""
    return reserve_bytes + reserve_bytes // _BACK


def is_to_be_closed(*, is_closed: bool, free_bytes: int, reserve_bytes: int) -> bool:
    """Tell whether the shares are to refuse: below the reserve, and until there is clearly more than it."""
    return free_bytes < (opens_at_bytes(reserve_bytes) if is_closed else reserve_bytes)


def has_room_for(*, size_bytes: int, free_bytes: int, reserve_bytes: int, is_first: bool) -> bool:
    """Tell whether a scan that lies in a share may be taken; the mail made of it may be 1.4 times as large.

    Down to half the reserve any is. Below that one after the other (``is_first``: no other waits to become a mail), and
    an eighth is left to the journal: scans that wait in a share hold the space that only their delivery sets free.
    """
    left_bytes = free_bytes - 2 * size_bytes
    return left_bytes > reserve_bytes // 2 or (is_first and left_bytes > reserve_bytes // 8)


def ballast_bytes(reserve_bytes: int) -> int:
    """Return how much space is kept from devices: enough to take one scan after the other with it."""
    return reserve_bytes // 2


def is_ballast_kept(*, is_there: bool, is_falling: bool, free_bytes: int, reserve_bytes: int) -> bool:
    """Tell whether that space is to be kept: given up below a quarter of the reserve, and taken again in plenty.

    Not while the free space is falling: a device that is still writing would fill what is given up as well.
    """
    if is_there:
        return is_falling or free_bytes >= reserve_bytes // 4
    return free_bytes >= opens_at_bytes(reserve_bytes) + ballast_bytes(reserve_bytes)
