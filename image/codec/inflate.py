"""How much a zlib stream holds, found out in little memory whatever it holds."""

import zlib
from collections.abc import Iterable
from enum import StrEnum

_PIECE_BYTES = 64 * 1024


class Inflated(StrEnum):
    """What became of a stream: it held ``ENOUGH``, ended ``SHORT`` of them, or is ``DAMAGED``."""

    ENOUGH = "enough"
    SHORT = "short"
    DAMAGED = "damaged"


def inflate(data: Iterable[bytes], size_bytes: int) -> Inflated:
    """Unpacks ``data`` until ``size_bytes`` have come out, and throws them away.

    ``SHORT``: the stream ends, properly, before that. ``DAMAGED``: it breaks off or makes no sense before that.
    """
    unpacker = zlib.decompressobj()
    inflated_bytes = 0
    try:
        for piece in data:
            waiting = piece
            while waiting and inflated_bytes < size_bytes and not unpacker.eof:
                inflated_bytes += len(unpacker.decompress(waiting, _PIECE_BYTES))
                waiting = unpacker.unconsumed_tail
    except zlib.error:
        return Inflated.DAMAGED
    if inflated_bytes >= size_bytes:
        return Inflated.ENOUGH
    return Inflated.SHORT if unpacker.eof else Inflated.DAMAGED
