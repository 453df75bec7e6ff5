"""What is done to a scan too large for one mail: in which order, in which steps, and what its reader is told."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from image.errors import ScanError, ScanFault
from image.notes import page_list
from image.picture import Colour, Picture

MAX_ABOVE = 1.02
"""A picture of 305 dpi is not resampled to 300: nothing is won, and every resampling blurs."""

_KB, _MB = 1_000, 1_000_000


class Fit(StrEnum):
    """The ways to make a scan fit: its pictures reduced, or its pages spread over several mails."""

    REDUCE = "reduce"
    SPLIT = "split"


class Tone(StrEnum):
    """What a picture is made of. It is never changed: colour stays colour, and grey stays grey."""

    COLOUR = "colour"
    GREY = "grey"
    BILEVEL = "bilevel"


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: pictures above ``dpi`` are brought down to it. ``quality`` is libjpeg's; black and white has none."""

    dpi: int
    quality: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What one PDF file may have, and what may be done to reach that, ``order`` first to last.

    ``colour``, ``grey`` and ``bilevel`` are the rungs of each tone, from the gentlest to the floor. Colour and grey go
    down together; black and white, mostly text and small, follows when both have reached their floors. ``max_parts`` is
    how many mails one scan may be split into.
    """

    size_bytes: int
    order: tuple[Fit, ...] = (Fit.REDUCE, Fit.SPLIT)
    colour: tuple[Step, ...] = (Step(300, 75), Step(200, 75), Step(150, 60))
    grey: tuple[Step, ...] = (Step(300, 75), Step(200, 75), Step(150, 60))
    bilevel: tuple[Step, ...] = (Step(300, 0), Step(200, 0))
    max_parts: int = 20

    def rungs(self) -> int:
        """How many rungs there are until every tone has reached its floor."""
        return self._before_bilevel() + len(self.bilevel)

    def steps(self, tone: Tone, rung: int) -> tuple[Step, ...]:
        """What rung ``rung`` (from 0) asks of a picture of ``tone``; empty when it is not reduced there.

        Dithered black and white may not bear the firmest step, and then has the ones before it as well.
        """
        if tone is Tone.BILEVEL:
            return self.bilevel[: max(0, rung + 1 - self._before_bilevel())][::-1]
        steps = self.colour if tone is Tone.COLOUR else self.grey
        return steps[: rung + 1][-1:]

    def _before_bilevel(self) -> int:
        return max(len(self.colour), len(self.grey))


def tone_of(picture: Picture) -> Tone:
    """The tone of a picture."""
    if picture.bits == 1:
        return Tone.BILEVEL
    return Tone.GREY if picture.colour is Colour.GREY else Tone.COLOUR


def scaled(picture: Picture, dpi: tuple[float, float], step: Step) -> tuple[int, int]:
    """Width and height in pixels of ``picture``, shown at ``dpi`` (x, y), after ``step``; never more than it has.

    The two axes count separately: a fax has 204 by 98 dpi.
    """
    width, height = (
        max(1, round(size * step.dpi / have)) if have > step.dpi * MAX_ABOVE else size
        for size, have in zip((picture.width_px, picture.height_px), dpi, strict=True)
    )
    return width, height


def change_of(step: Step, tone: Tone, *, is_smaller: bool) -> str:
    """What was done to a picture, as the note says it; ``is_smaller``: in pixels. Empty when nothing was lost."""
    if tone is Tone.BILEVEL:
        return f"{step.dpi} dpi" if is_smaller else ""
    return f"{step.dpi} dpi, JPEG quality {step.quality}" if is_smaller else f"JPEG quality {step.quality}"


def reduced_notes(changes: Mapping[int, Iterable[str]]) -> tuple[str, ...]:
    """A sentence for each change, from what was done to each page (numbers from 1)."""
    pages: dict[str, list[int]] = {}
    for page, done in sorted(changes.items()):
        for change in sorted(set(done)):
            pages.setdefault(change, []).append(page)
    return tuple(
        f"{page_list(numbers).capitalize()} {'was' if len(numbers) == 1 else 'were'} reduced to {change}, "
        "so that the mail stays below its limit."
        for change, numbers in pages.items()
    )


def split_note(counts: Iterable[int]) -> str:
    """The sentence about a scan spread over several mails, from the number of pages in each."""
    parts, first = [], 1
    for count in counts:
        parts.append(str(first) if count == 1 else f"{first} to {first + count - 1}")
        first += count
    return f"The scan was split into {len(parts)} mails: pages {', '.join(parts)}."


def too_large(size_bytes: int, budget: Budget) -> ScanError:
    """The refusal of a scan that does not fit into one mail and may not be split."""
    return ScanError(
        ScanFault.TOO_LARGE,
        f"The scan makes a PDF of {_over(size_bytes)}, and {_room(budget)}{_although(budget)}. "
        "Please scan fewer pages at a time, at a lower resolution, or in black and white.",
    )


def page_too_large(page: int, size_bytes: int, budget: Budget) -> ScanError:
    """The refusal of a scan one page of which (number from 1) does not fit into a mail."""
    return ScanError(
        ScanFault.TOO_LARGE,
        f"Page {page} of the scan makes a PDF of {_over(size_bytes)}, and {_room(budget)}{_although(budget)}. "
        "Please scan it at a lower resolution, or in black and white.",
    )


def too_many_parts(parts: int, budget: Budget) -> ScanError:
    """The refusal of a scan that would have to be split into more mails than one may be."""
    return ScanError(
        ScanFault.TOO_LARGE,
        f"The scan would fill {parts} mails, and {budget.max_parts} are allowed; {_room(budget)}{_although(budget)}. "
        "Please scan fewer pages at a time, at a lower resolution, or in black and white.",
    )


def _over(size_bytes: int) -> str:
    """A size that is too much, rounded up: it must not read as if it fitted."""
    return f"{math.ceil(size_bytes / _MB * 10) / 10} MB" if size_bytes >= _MB else f"{math.ceil(size_bytes / _KB)} kB"


def _room(budget: Budget) -> str:
    # Rounded down. The limit that the owner set is the mail's, which is 37 % larger than its PDF.
    size_bytes = budget.size_bytes
    room = f"{size_bytes * 10 // _MB / 10} MB" if size_bytes >= _MB else f"{size_bytes // _KB} kB"
    return f"one mail has room for a PDF of {room}"


def _although(budget: Budget) -> str:
    return "; all that may be done to make it smaller is not enough" if Fit.REDUCE in budget.order else ""
