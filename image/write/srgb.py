"""The colours of a screen, sRGB: the ICC profile that names them in a PDF."""

import struct

from image.probe.icc import D50, assembled, xyz

COLORANTS = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
"""The sRGB primaries (IEC 61966-2-1) adapted to D50, as ICC.1 wants them."""

_CURVE_ENTRIES = 1024


def srgb_profile() -> bytes:
    """An ICC profile of sRGB (ICC.1:2001-04, a display profile of version 2.1), the same bytes every time."""
    curve = struct.pack(
        f">4sII{_CURVE_ENTRIES}H",
        b"curv",
        0,
        _CURVE_ENTRIES,
        *(round(_light(index / (_CURVE_ENTRIES - 1)) * 65535) for index in range(_CURVE_ENTRIES)),
    )
    name = b"sRGB\x00"
    elements = [
        (b"desc", b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(4 + 4 + 2 + 1 + 67)),
        (b"cprt", b"text" + bytes(4) + b"No copyright, use freely\x00"),
        (b"wtpt", xyz(D50)),
        *((tag, xyz(value)) for tag, value in COLORANTS.items()),
        *((tag, curve) for tag in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    return assembled(0x02100000, 0, b"mntrRGB XYZ ", elements)


def _light(value: float) -> float:
    """IEC 61966-2-1: the light of an sRGB value, both from 0 to 1."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 -- the standard's knee
