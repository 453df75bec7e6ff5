"""What the tests of a file can say: who writes it, and what its ends tell."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, unique

Reader = Callable[[int, int], bytes]
"""``read(offset, length)``: the bytes there, fewer where the file ends; it may also give up and return fewer."""


@unique
class Writing(Enum):
    """The answer to "is it being written?"."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Whole:
    """The file ends as its type ends. Whether it can be decoded is for the converter to say."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Something is missing; more may come. ``reason`` is a clause such as "the PDF has no end mark"."""

    reason: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """The end is there and wrong; more may come, yet the converter may be able to mend it. ``reason`` is a clause."""

    reason: str


@dataclass(frozen=True, slots=True)
class UnknownType:
    """No type that can be judged by its ends."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The file may not be opened or read, or is no ordinary file. ``reason`` is a clause."""

    reason: str


Structure = Whole | Incomplete | Malformed | UnknownType | Unreadable
