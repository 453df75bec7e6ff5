"""How the C library keeps the memory of threads."""

import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8  # malloc.h of glibc; mallopt(3)


def keep_one() -> None:
    """Have all threads share one heap; for a start, before there are threads. Does nothing without glibc.

    By default each thread gets a heap of its own and keeps there what it once took: four mails of 2 MB at once cost
    1.4 MB more (measured 2026-11-25). Of our threads one at a time runs Python anyway, so none waits for another.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
