"""Reading finished pages: what is asked of OCRmyPDF, what its log says, and what the reader of the mail is told."""

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from image.document import Limits, Page
from image.errors import ScanError, ScanFault
from image.notes import page_list

MIN_ANGLE, MAX_ANGLE = 0.5, 15.0
"""Degrees. Below, a line of A4 rises by 1.5 mm at most, and Tesseract's measure of a straight page of few lines is off
by as much (0.37 with Tesseract 5.3, 2026-11-25); above, it is no skew but a picture."""

PAGE_TIMEOUT_S = 120.0
"""For one page's text; a Raspberry Pi 4 is expected to take 10 to 20 s, a page of noise takes longer everywhere."""

RUN_PAGES = 10
"""Pages of one run of OCRmyPDF: it takes 0.5 s to start, and keeps each page's raster (15 MB in colour) to its end."""

ROTATE_CONFIDENCE = "14"
"""OCRmyPDF's own default; below it, pages were turned the wrong way (its issues 65, 454, 641)."""

LATE = "there was no time left"
SIGNED = "the PDF is signed and must stay as it is"
ONLINE = "this box cannot keep it off the network"
ODD_SIGNS = "the recognised text has signs that its font lacks"

_ANGLE = re.compile(r"^ *(\d+) +Deskew angle: (-?\d+(?:\.\d+)?)\s*$", re.MULTILINE)
_TURN = re.compile(r"^ *(\d+) +.*page is facing ([⇨⇩⇦]), .* will rotate", re.MULTILINE)
_CLOCKWISE = {"⇨": 270, "⇩": 180, "⇦": 90}
"""How far a page is to be turned whose top lies to the right, at the bottom, or to the left."""

_KEPT = re.compile(r"^ *(\d+) +skipping all processing on this page", re.MULTILINE)
_TOO_SLOW = re.compile(r"^ *(\d+) +\[tesseract\] took too long", re.MULTILINE)
_NO_MEMORY = re.compile(r"MemoryError|bad_alloc|out of memory|cannot allocate memory", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What Tesseract is to do to a finished PDF.

    ``is_text``: the text is recognised and laid under the page, so that the PDF can be searched. ``rotates``: pages
    are turned upright. ``deskews``: pages that lie askew are straightened. ``languages`` as Tesseract names them.
    ``timeout_s`` is for all of it; ``memory_bytes`` is the address space each of its processes may take.
    """

    is_text: bool = False
    rotates: bool = False
    deskews: bool = False
    languages: tuple[str, ...] = ("eng",)
    timeout_s: float = 600.0
    memory_bytes: int = 1_000_000_000


class Found(StrEnum):
    """What a page gave.

    ``TEXT``; ``NONE`` (none there, or none asked for); ``KEPT`` (it has text already and stays as it is); ``LEFT`` (it
    could not be read).
    """

    TEXT = "text"
    NONE = "none"
    KEPT = "kept"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class PageRead:
    """One page: what was found; the degrees (clockwise) it was turned, and (anticlockwise) it was straightened by."""

    found: Found
    turned: int = 0
    angle: float = 0.0


def is_wanted(reading: Reading) -> bool:
    """Whether anything is to be done at all."""
    return reading.is_text or reading.rotates or reading.deskews


def runs(page_count: int) -> list[tuple[int, int]]:
    """The pages in runs of ``RUN_PAGES``: first and last, from 1."""
    return [(first, min(first + RUN_PAGES - 1, page_count)) for first in range(1, page_count + 1, RUN_PAGES)]


def measuring(reading: Reading, limits: Limits, source: Path) -> list[str]:
    """OCRmyPDF's arguments to measure the pages of ``source``, for ``angles_of`` and ``turns_of``; nothing is written.

    What it measured stands in its log only. Its own straightening is not used: it renders the page and encodes it anew
    (JPEG at quality 75, black and white at more than twice the size), where a turned page matrix loses nothing.
    """
    return [
        *_common(reading, limits),
        *("--verbose", "1", "--deskew", "--tesseract-timeout", "0"),
        *("--output-type", "none", str(source), "-"),
    ]


def recognising(reading: Reading, limits: Limits, source: Path, out: Path) -> list[str]:
    """OCRmyPDF's arguments to write to ``out`` the pages of ``source`` turned upright and with their text."""
    page_timeout_s = PAGE_TIMEOUT_S if reading.is_text else 0.0
    return [
        *_common(reading, limits),
        *("--tesseract-timeout", f"{page_timeout_s:g}"),
        *("--output-type", "pdf", "--optimize", "0", str(source), str(out)),
    ]


def _common(reading: Reading, limits: Limits) -> list[str]:
    return [
        *("--jobs", "1", "--skip-text", "--continue-on-soft-render-error"),
        *("--language", "+".join(reading.languages)),
        *("--max-image-mpixels", f"{limits.pixels / 1e6:g}"),
        *("--tesseract-non-ocr-timeout", f"{PAGE_TIMEOUT_S:g}"),
        *(("--rotate-pages", "--rotate-pages-threshold", ROTATE_CONFIDENCE) if reading.rotates else ()),
    ]


def angles_of(log: str) -> dict[int, float]:
    """The pages of a run (from 1) that lie askew by a believable angle, and the degrees to turn them anticlockwise."""
    found = {int(page): float(angle) for page, angle in _ANGLE.findall(log)}
    return {page: angle for page, angle in found.items() if MIN_ANGLE <= abs(angle) <= MAX_ANGLE}


def turns_of(log: str) -> dict[int, int]:
    """The pages of a run (from 1) that do not lie upright, and the degrees to turn them clockwise."""
    return {int(page): _CLOCKWISE[facing] for page, facing in _TURN.findall(log)}


def found_of(log: str, page: int, *, has_text: bool) -> Found:
    """What page ``page`` of a run gave. ``has_text``: its result holds recognised text."""
    if has_text:
        return Found.TEXT
    if str(page) in _KEPT.findall(log):
        return Found.KEPT
    return Found.LEFT if str(page) in _TOO_SLOW.findall(log) else Found.NONE


def failure(code: int, log: str) -> str:
    """Why a run ended with ``code`` (a signal's number, negated), as part of a sentence.

    The codes are OCRmyPDF's (its documentation, "Exit codes").
    """
    if code in {-signal.SIGXCPU, -signal.SIGUSR2}:
        return LATE
    if code == -signal.SIGKILL or _NO_MEMORY.search(log):
        return "it takes more memory than allowed"
    if code < 0:
        return f"the text recognition crashed, {signal.Signals(-code).name}"
    reasons = {
        2: "the text recognition cannot read this PDF",
        3: "a program that it needs is missing",
        7: "Tesseract failed",
    }
    return reasons.get(code, f"the text recognition failed, code {code}")


def failure_of(error: Exception) -> str:
    """Why taking over what was found ended with ``error``, as part of a sentence without names of files."""
    match error:
        case MemoryError():
            return failure(-signal.SIGKILL, "")
        case ScanError(fault=ScanFault.TOO_LARGE):
            return "the PDF would become too large"
        case ScanError():
            return "the result did not pass its check"
        case OSError() if error.strerror:
            return error.strerror
        case _:
            return f"its result could not be used, {type(error).__name__}"


def notes_of(reading: Reading, pages: Sequence[PageRead], why: str) -> tuple[str, ...]:
    """What was done, in sentences for the reader of the mail; ``why`` is the reason for pages that were left."""
    notes = []
    if any(page.found is Found.TEXT for page in pages):
        notes.append("Text was recognised, so that the PDF can be searched.")
    elif reading.is_text and any(page.found is Found.NONE for page in pages):
        notes.append("No text was found on the pages.")
    numbered = list(enumerate(pages, 1))
    left = [number for number, page in numbered if page.found is Found.LEFT]
    if left:
        notes.append(undone(reading, why) if len(left) == len(pages) else _undone_on(reading, left, why))
    turned = [number for number, page in numbered if page.turned]
    if turned:
        notes.append(f"{_named(turned)} turned upright.")
    straightened = [number for number, page in numbered if page.angle]
    if straightened:
        notes.append(f"{_named(straightened)} straightened.")
    return tuple(notes)


def undone(reading: Reading, why: str) -> str:
    """That nothing was done to any page, and ``why``, as a sentence."""
    if reading.is_text:
        return f"Text could not be recognised ({why}); the scan is complete but cannot be searched."
    return f"The pages could not be {_work(reading)} ({why}); the scan is complete."


def _undone_on(reading: Reading, left: Sequence[int], why: str) -> str:
    if reading.is_text:
        return f"Text could not be recognised on {page_list(left)} ({why}); the scan is complete."
    return f"{page_list(left).capitalize()} could not be {_work(reading)} ({why}); the scan is complete."


def pages_after(pages: Sequence[Page], read: Sequence[PageRead]) -> tuple[Page, ...]:
    """The pages as they are now: a quarter turn changes the sides, and the action names what was done besides."""
    return tuple(_page_after(page, one) for page, one in zip(pages, read, strict=True))


def _page_after(page: Page, read: PageRead) -> Page:
    done = [
        *(["straightened"] if read.angle else []),
        *(["turned"] if read.turned else []),
        *(["read"] if read.found is Found.TEXT else []),
    ]
    after = replace(page, action=", ".join([page.action, *done]))
    if read.turned % 180 == 0:
        return after
    return replace(after, width_pt=page.height_pt, height_pt=page.width_pt)


def _work(reading: Reading) -> str:
    return " and ".join(
        [*(["turned upright"] if reading.rotates else []), *(["straightened"] if reading.deskews else [])]
    )


def _named(numbers: Sequence[int]) -> str:
    return f"{page_list(numbers).capitalize()} {'were' if len(numbers) > 1 else 'was'}"
