"""How people write durations and sizes, and what they are in seconds and bytes."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fractions import Fraction

MILLISECONDS: Final[Mapping[str, int]] = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "min": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
}
BYTES: Final[Mapping[str, int]] = {
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
}

_QUANTITY: Final = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([A-Za-z]{1,3})\s*")


def seconds(written: object) -> float:
    """Return the seconds of a duration written as ``"30s"``, ``"10m"``, ``"2h"``, ``"5d"`` or ``"500ms"``.

    A bare number is refused: nobody can tell what unit its writer had in mind. Raises ValueError.
    """
    return float(
        _quantity(written, MILLISECONDS, 'a duration with its unit, such as "30s", "10m", "2h" or "5d"') / 1000
    )


def size_bytes(written: object) -> int:
    """Return the bytes of a size written as ``"25 MB"`` (decimal) or ``"64 MiB"`` (binary). Raises ValueError."""
    return round(_quantity(written, BYTES, 'a size with its unit, such as "25 MB" or "64 MiB"'))


def written_seconds(duration_s: float) -> str:
    """Return a duration as one writes it, in the largest unit that holds it whole: ``"5d"``, ``"90s"``, ``"100ms"``."""
    from fractions import Fraction  # not in the service: it brings the decimal numbers along

    amount = Fraction(duration_s).limit_denominator(1000) * 1000
    return _written(amount, MILLISECONDS, ("d", "h", "m", "s", "ms"), "")


def written_bytes(amount_bytes: int) -> str:
    """Return a size as one writes it, in the largest unit that holds it whole: ``"25 MB"``, ``"150 MiB"``."""
    from fractions import Fraction

    return _written(Fraction(amount_bytes), BYTES, ("GiB", "GB", "MiB", "MB", "KiB", "kB", "B"), " ")


def _quantity(written: object, units: Mapping[str, int], wanted: str) -> "Fraction":
    from fractions import Fraction

    found = _QUANTITY.fullmatch(written) if isinstance(written, str) else None
    if found is None or found[2] not in units:
        raise ValueError(f"must be {wanted}")
    return Fraction(found[1]) * units[found[2]]


def _written(amount: "Fraction", units: Mapping[str, int], names: tuple[str, ...], space: str) -> str:
    name = next((name for name in names if amount >= units[name] and amount % units[name] == 0), names[-1])
    if not amount:
        name = names[-1]
    return f"{amount / units[name]}{space}{name}"
