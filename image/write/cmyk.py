"""What cyan, magenta, yellow and black are when a scan does not say: the ICC profile of the plain formula."""

import itertools
import struct

from image.probe.icc import D50, assembled, fixed, xyz
from image.write.srgb import COLORANTS

_INK_STEPS, _BLACK_STEPS = 3, 17
"""Grid points of a colour and of black. A product between them is interpolated: so at most 1 of 255 off."""

_XYZ_TOP = 1 + 32767 / 32768
"""The value of X, Y or Z that a lookup table's 1.0 stands for (ICC.1:2010 table 11)."""


def cmyk_profile() -> bytes:
    """An ICC profile of four inks that mix to red = (1 - cyan)(1 - black), and so on, in sRGB; the same every time.

    That is how Pillow and web browsers show such pictures; PDF viewers, told nothing, each show something else. It is
    an input profile of version 4.2 (ICC.1:2004-10): it leads from ink to colour, all that a reader of a PDF needs.
    """
    table = _table()
    elements = [
        (b"desc", _text("Plain CMYK")),
        (b"cprt", _text("No copyright, use freely")),
        (b"wtpt", xyz(D50)),
        (b"A2B0", table),
        (b"A2B1", table),
    ]
    return assembled(0x04200000, 1, b"scnrCMYKXYZ ", elements)


def _table() -> bytes:
    """Ink to sRGB by a grid, sRGB to its light by a curve, light to XYZ by a matrix (lutAToBType, 10.10)."""
    ink = [1 - index / (_INK_STEPS - 1) for index in range(_INK_STEPS)]
    black = [1 - index / (_BLACK_STEPS - 1) for index in range(_BLACK_STEPS)]
    grid = bytes(
        round(255 * light * dimmed) for *colour, dimmed in itertools.product(ink, ink, ink, black) for light in colour
    )
    unchanged = b"curv" + bytes(8)
    # IEC 61966-2-1 as parametric curve 3: ((x + 0.055) / 1.055) ** 2.4 from 0.04045 on, x / 12.92 below.
    to_light = b"para" + bytes(4) + struct.pack(">H2x", 3) + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    matrix = fixed(*(colorant[axis] / _XYZ_TOP for axis in range(3) for colorant in COLORANTS.values()), 0, 0, 0)
    grid = bytes([_INK_STEPS, _INK_STEPS, _INK_STEPS, _BLACK_STEPS]) + bytes(12) + b"\x01" + bytes(3) + grid
    parts = (3 * unchanged, matrix, 3 * to_light, grid + bytes(-len(grid) % 4), 4 * unchanged)
    starts = itertools.accumulate((len(part) for part in parts[:-1]), initial=32)
    return b"mAB " + bytes(4) + bytes([4, 3, 0, 0]) + struct.pack(">5I", *starts) + b"".join(parts)


def _text(text: str) -> bytes:
    data = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", len(data), 28) + data
