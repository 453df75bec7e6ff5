"""Page numbers in file names: ``Doc_0007.tif`` is number 7 of the series ``Doc_….tif``."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from hotfolder.names import UPLOAD_ENDINGS

_AT_END: Final = re.compile(r"(?s)(.*?)([0-9]+)")
_RUNS: Final = re.compile(r"([0-9]+)")
_DIGITS: Final = 18
"""A longer number is no counter."""
_COUNTER_DIGITS: Final = 4
"""From so many digits on, all nines are taken for the end of a counter; ``9`` and ``99`` are counted on to ``10``."""
_OUR_MARK: Final = "~"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A name that ends in a number, but for its extension. A folder before the name is part of ``stem``."""

    stem: str
    digits: str
    suffix: str

    @property
    def index(self) -> int:
        """The number."""
        return int(self.digits)

    @property
    def series(self) -> tuple[str, str]:
        """Names of one series may be pages of one scan; upper and lower case are not the same."""
        return self.stem, self.suffix

    def name_of(self, index: int) -> str:
        """Return the name with another number, as a counter writes it."""
        return f"{self.stem}{index:0{len(self.digits)}d}{self.suffix}"

    def is_next(self, other: "Numbered") -> bool:
        """Tell whether the other name is this one counted on by one: ``9`` and ``10``, ``09`` and ``10``."""
        return other.series == self.series and other.digits == f"{self.index + 1:0{len(self.digits)}d}"

    def is_wrapped(self, other: "Numbered") -> bool:
        """Tell whether the other name is what a counter of four digits or more shows after all nines: 0 or 1."""
        width = len(self.digits)
        return (
            other.series == self.series
            and width >= _COUNTER_DIGITS
            and set(self.digits) == {"9"}
            and other.digits in {"0" * width, "1".zfill(width)}
        )


def numbered(name: str) -> Numbered | None:
    """Take a name apart; None when nobody can say which page it is.

    The number stands at the end of the stem: in ``Scan_12_0003.tif`` it is 3, and ``Scan_13_0003.tif`` is of another
    series. ``scan~2.pdf`` is what a file is called that was given back while its name was taken: no page 2.
    """
    suffix = PurePosixPath(name).suffix
    found = _AT_END.fullmatch(name.removesuffix(suffix))
    if found is None or len(found[2]) > _DIGITS or found[1].endswith(_OUR_MARK):
        return None
    return Numbered(found[1], found[2], suffix)


def upload_of(key: str) -> Numbered | None:
    """Take the name apart that an upload will bear when it is whole; None when its own name does not say.

    It is ``Doc_0007.tif`` for ``.Doc_0007.tif.part`` and for ``.Doc_0007.tif.Xq3f``, and ``Doc_0007``, whose extension
    is not known, for ``Doc_0007.tmp``.
    """
    folder, slash, name = key.rpartition("/")
    name = name.lstrip(".~")
    while name.casefold().endswith(UPLOAD_ENDINGS):
        name = name.rpartition(".")[0]
    found = numbered(f"{folder}{slash}{name}")
    return found if found is not None else numbered(f"{folder}{slash}{PurePosixPath(name).stem}")


def natural_key(name: str) -> tuple[tuple[tuple[str, int], ...], str]:
    """Sort by this, and ``scan10`` comes after ``scan9``; the case of letters and the extension come last."""
    path = PurePosixPath(name)
    parts = _RUNS.split(path.stem.casefold())
    texts, numbers = parts[::2], [int(digits[-_DIGITS:]) for digits in parts[1::2]]
    return tuple(zip(texts, [*numbers, -1], strict=True)), name
