"""What EXIF says of a picture: its turn and its resolution."""

import io

from image.errors import ScanError
from image.probe.tiff_ifd import directories
from image.reader import reader_of

CM_PER_INCH = 2.54
_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _UNIT, _CENTIMETRE = 274, 282, 283, 296, 3
"""Tags of TIFF 6.0, which EXIF shares (CIPA DC-008 4.6.4)."""


def exif_facts(data: bytes) -> tuple[int, tuple[float | None, float | None]]:
    """Orientation (1 to 8) and dpi across and down, in an EXIF block without its name.

    What is unreadable counts as not stated, since the picture does not depend on it.
    """
    try:
        main = next(iter(directories(reader_of(io.BytesIO(data)))))
        orientation = main.integer(_ORIENTATION, 1)
        scale = CM_PER_INCH if main.integer(_UNIT, 2) == _CENTIMETRE else 1.0
        x, y = main.ratio(_X_RESOLUTION), main.ratio(_Y_RESOLUTION)
    except (ScanError, StopIteration):
        return 1, (None, None)
    dpi = (x * scale if x is not None else None, y * scale if y is not None else None)
    return (orientation if orientation in range(1, 9) else 1), dpi
