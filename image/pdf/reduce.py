"""The images of a finished PDF made smaller, rung by rung, until the file or its pages fit."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pikepdf import Dictionary, Name, Pdf, Stream

from image.document import Limits, Written
from image.fit.budget import Budget, Step, Tone, change_of, scaled, tone_of
from image.fit.packing import Group
from image.fit.picture_decoder import is_readable
from image.fit.shrink import Shrunk, shrunk
from image.pdf.opening import opened
from image.pdf.pictures import Found, pictures
from image.pdf.saving import save
from image.pdf.update import Update
from image.picture import Coding

_G4 = frozenset({Coding.G4, Coding.G4_BLACK_IS_1})

Changes = dict[int, list[str]]
"""What was done to each page, by its number from 1. A page whose images were packed anew without loss has nothing."""

Steps = dict[Tone, tuple[Step, ...]]
"""What one rung asks of each tone, the firmest first; a gentler step is taken for an image that cannot take that."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """The file as it was written, what was done to which page, and whether every group now fits."""

    written: Written
    changes: Changes
    is_enough: bool


def reduce_images(
    path: Path, out: Path, groups: Sequence[Group], budget: Budget, limits: Limits, *, keeps_floor: bool
) -> Reduced | None:
    """Writes ``path``, a finished PDF, to ``out`` with the images in ``groups`` reduced; None when nothing is written.

    That is by the gentlest rung at which every group fits ``budget``; with ``keeps_floor`` by the last when none does.
    Each rung begins with the images as they came, so that none is coded twice; an image is only replaced by a smaller
    one. While this works, results stand at the end of ``path``; they are gone when it returns, not when it raises.
    ``OSError`` comes through.
    """
    with path.open("r+b") as file, opened(path) as pdf:
        wanted = [found for found in pictures(pdf) if any(group.holds(found.key) for group in groups)]
        rungs = _rungs(wanted, budget)
        update = Update(file)
        for number, steps in enumerate(rungs, 1):
            must_end = keeps_floor and number == len(rungs)
            attempt = _Attempt(wanted, groups, budget, limits, must_end=must_end)
            changes = attempt.run(pdf, steps, update)
            if changes is not None:
                update.finish(_trailer(pdf))
                with opened(path) as updated:
                    written = save(updated, out, limits)
                is_enough = attempt.fits() and (groups[0].keys is not None or written.size_bytes <= budget.size_bytes)
                if is_enough or must_end:
                    update.undo()
                    return Reduced(written, changes, is_enough)
            update.undo()
    return None


def _rungs(wanted: Sequence[Found], budget: Budget) -> list[Steps]:
    """The steps of each rung that differs, for the tones there are, from the one before."""
    tones = {tone_of(found.picture) for found in wanted}
    rungs: list[Steps] = []
    for rung in range(budget.rungs()):
        steps = {tone: budget.steps(tone, rung) for tone in tones}
        if any(steps.values()) and steps not in rungs:
            rungs.append(steps)
    return rungs


class _Attempt:
    """One rung on its way: what each group would have in the end, at least."""

    def __init__(
        self, wanted: Sequence[Found], groups: Sequence[Group], budget: Budget, limits: Limits, *, must_end: bool
    ) -> None:
        self._wanted = wanted
        self._groups = groups
        self._budget = budget
        self._limits = limits
        self._must_end = must_end
        self._least = [
            group.size_bytes - sum(found.size_bytes for found in wanted if group.holds(found.key)) for group in groups
        ]

    def fits(self) -> bool:
        """Whether no group is above the budget, as far as this is known by now."""
        return max(self._least) <= self._budget.size_bytes

    def run(self, pdf: Pdf, steps: Steps, update: Update) -> Changes | None:
        """Puts every smaller image into ``update``; None when that cannot be enough, or nothing became smaller."""
        changes: Changes = defaultdict(list)
        has_smaller = False
        for found in self._wanted:
            size_bytes = found.size_bytes
            for step in steps[tone_of(found.picture)]:
                made = self._smaller(pdf, found, step)
                if made is not None:
                    update.replace(found.key, _entries(pdf, found, made), made.data)
                    size_bytes, has_smaller = len(made.data), True
                    for page in found.pages:
                        changes[page + 1] += _change(found, step, made)
                    break
            for at, group in enumerate(self._groups):
                self._least[at] += size_bytes if group.holds(found.key) else 0
            if not self._must_end and not self.fits():
                return None
        return {page: done for page, done in changes.items() if done} if has_smaller else None

    def _smaller(self, pdf: Pdf, found: Found, step: Step) -> Shrunk | None:
        """The image after ``step``; None when it cannot take it, or would not become smaller."""
        picture = found.picture
        size = scaled(picture, (found.dpi_x, found.dpi_y), step)
        if picture.coding in _G4 and size == (picture.width_px, picture.height_px):
            return None
        data = _stream(pdf, found).read_raw_bytes()
        if not is_readable(picture, data, size, self._limits):
            return None
        made = shrunk(picture, data, size, step.quality)
        return made if made is not None and len(made.data) < found.size_bytes else None


def _stream(pdf: Pdf, found: Found) -> Stream:
    image = pdf.get_object(found.key)
    assert isinstance(image, Stream), "it was found as one"
    return image


def _change(found: Found, step: Step, made: Shrunk) -> list[str]:
    """What the notes say was done; nothing when nothing was lost."""
    is_smaller = (made.picture.width_px, made.picture.height_px) != (found.picture.width_px, found.picture.height_px)
    change = change_of(step, tone_of(found.picture), is_smaller=is_smaller)
    return [change] if change else []


def _entries(pdf: Pdf, found: Found, made: Shrunk) -> bytes:
    """The dictionary of an image for its new data; its colour space, Decode and the like stay."""
    picture = made.picture
    had = _stream(pdf, found).stream_dict
    entries = Dictionary({key: value for key, value in had.items() if key != "/DecodeParms"})
    entries.Width, entries.Height, entries.BitsPerComponent = picture.width_px, picture.height_px, picture.bits
    entries.Length = len(made.data)
    if picture.coding is Coding.DCT:
        entries.Filter = Name.DCTDecode
    else:
        entries.Filter = Name.CCITTFaxDecode
        entries.DecodeParms = Dictionary(K=-1, Columns=picture.width_px, Rows=picture.height_px)
        if picture.coding is Coding.G4_BLACK_IS_1:
            entries.DecodeParms.BlackIs1 = True
    return entries.unparse()


def _trailer(pdf: Pdf) -> bytes:
    entries = Dictionary({key: value for key, value in pdf.trailer.items() if key not in {"/Prev", "/XRefStm"}})
    return entries.unparse().removeprefix(b"<<").removesuffix(b">>").strip()
