"""A TIFF of one picture, written in memory: how strips of a scan are shown to a decoder in a form it knows."""

import io
import struct
from collections.abc import Iterable, Sequence
from typing import Literal

from image.probe.tiff_ifd import directories
from image.reader import reader_of

Entry = tuple[int, str, tuple[int, ...] | bytes]
"""Tag, struct's code of its values (H short, I long, Q a fraction as two longs, B bytes), and the values."""

_TYPES = {"B": 7, "H": 3, "I": 4, "Q": 5}
_INLINE_BYTES = 4


def tiff_of(
    width_px: int,
    height_px: int,
    strip_rows: int,
    sizes: Sequence[int],
    strips: Iterable[bytes],
    *,
    bits: int,
    samples: int,
    compression: int,
    photometric: int,
    order: Literal["<", ">"] = "<",
    more: Sequence[Entry] = (),
) -> io.BytesIO:
    """A TIFF (6.0 section 2) of ``strips`` of these ``sizes``, each of ``strip_rows`` rows but for the last.

    The strips are taken one by one: no two need be in memory beside the file.

    The numbers are TIFF's own codes; ``more`` are the entries a coding needs besides. Everything else that the scan's
    own directory says (turn, resolution, profiles, private tags) is left out, so that nothing of it can matter.
    """
    starts, at = [], 8
    for size in sizes:
        starts.append(at)
        at += size
    filling = bytes(at % 2)
    at += len(filling)
    entries: list[Entry] = [
        (256, "I", (width_px,)),
        (257, "I", (height_px,)),
        (258, "H", (bits,) * samples),
        (259, "H", (compression,)),
        (262, "H", (photometric,)),
        (273, "I", tuple(starts)),
        (277, "H", (samples,)),
        (278, "I", (strip_rows,)),
        (279, "I", tuple(sizes)),
        *more,
    ]
    file = io.BytesIO()
    file.write((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, at))
    file.writelines(strips)
    file.writelines((filling, *_directory(sorted(entries), at, order)))
    file.seek(0)
    return file


def strips_of(tiff: bytes) -> tuple[bytes, ...]:
    """The strips of the first page of a TIFF that an encoder of ours has made; raises as ``directories``."""
    directory = next(iter(directories(reader_of(io.BytesIO(tiff)))))
    places = zip(directory.integers(273, len(tiff)), directory.integers(279, len(tiff)), strict=True)
    return tuple(tiff[at : at + size] for at, size in places)


def _directory(entries: Sequence[Entry], at: int, order: Literal["<", ">"]) -> tuple[bytes, ...]:
    """The directory that is to stand at ``at``, and behind it the values that do not fit into it."""
    values_at = at + 2 + 12 * len(entries) + 4
    table, values = [struct.pack(order + "H", len(entries))], []
    for tag, code, given in entries:
        packed = (
            given if isinstance(given, bytes) else struct.pack(f"{order}{len(given)}{code.replace('Q', 'I')}", *given)
        )
        count = len(given) // 2 if code == "Q" else len(given)
        table.append(struct.pack(order + "HHI", tag, _TYPES[code], count))
        if len(packed) <= _INLINE_BYTES:
            table.append(packed.ljust(_INLINE_BYTES, b"\x00"))
        else:
            table.append(struct.pack(order + "I", values_at))
            values.append(packed + bytes(len(packed) % 2))
            values_at += len(values[-1])
    return (*table, bytes(4), *values)
