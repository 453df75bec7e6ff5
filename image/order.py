"""In which order several files are the pages of one document."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

_NUMBER = re.compile(r"(\d{1,18})")


def page_order(names: Sequence[str]) -> tuple[int, ...]:
    """The places of ``names`` in page order: by their numbers when the names differ in nothing else.

    ``scan10`` comes after ``scan9``, whoever listed them by letters. Extensions do not count. Names that differ in
    more than their numbers, or of which two are equal, stay in the order given: nobody knows better.
    """
    given = tuple(range(len(names)))
    parts = [_NUMBER.split(PurePosixPath(name).stem.casefold()) for name in names]
    numbers = [tuple(int(number) for number in part[1::2]) for part in parts]
    if len({tuple(part[::2]) for part in parts}) > 1 or len(set(numbers)) < len(numbers):
        return given
    return tuple(sorted(given, key=lambda place: numbers[place]))
