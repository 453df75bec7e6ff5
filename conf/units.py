"""How people write durations and sizes, and what they are in seconds and bytes."""

import re
from typing import Final

SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
BYTES: Final = {"B": 1, "kB": 1000, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}

_QUANTITY: Final = re.compile(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*([A-Za-z]{1,3})\s*")


def seconds(written: object) -> float:
    """Return the seconds of a duration written as ``"30s"``, ``"10m"``, ``"2h"``, ``"5d"`` or ``"500ms"``.

    A bare number is refused: nobody can tell what unit its writer had in mind. Raises ValueError.
    """
    return _quantity(written, SECONDS, 'a duration such as "30s", "10m", "2h" or "5d"')


def size_bytes(written: object) -> int:
    """Return the bytes of a size written as ``"25 MB"`` (decimal) or ``"64 MiB"`` (binary). Raises ValueError."""
    return int(_quantity(written, BYTES, 'a size such as "25 MB" or "64 MiB"'))


def _quantity(written: object, units: dict[str, float] | dict[str, int], wanted: str) -> float:
    found = _QUANTITY.fullmatch(written) if isinstance(written, str) else None
    if found is None or found[2] not in units:
        raise ValueError(f"must be {wanted}, with its unit")
    return float(found[1]) * units[found[2]]
