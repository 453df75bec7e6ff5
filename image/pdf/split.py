"""A finished PDF spread over several, each small enough, on the borders of pages."""

from collections.abc import Sequence
from pathlib import Path

from pikepdf import Object, Pdf

from image.document import Document, Limits, Part
from image.fit.budget import Budget, page_too_large, too_many_parts
from image.fit.packing import Weights, packed
from image.pdf.kept import keep_pages
from image.pdf.opening import opened
from image.pdf.saving import save
from image.pdf.weigh import weights


def too_large_alone(path: Path, budget: Budget) -> tuple[Weights, tuple[int, ...]]:
    """What the pages of ``path`` take, and those (indexes from 0) that are above the budget in a file of their own."""
    with opened(path) as pdf:
        found = weights(pdf)
    large = (page for page in range(len(found.used)) if found.alone(page) > budget.size_bytes)
    return found, tuple(large)


def split(document: Document, budget: Budget, limits: Limits) -> tuple[Part, ...]:
    """Writes the pages of ``document`` to as few PDFs as ``budget`` allows, every page to one of them, in order.

    They have the marks and metadata of the whole and stand beside it: ``scan.pdf.part1.pdf`` and so on.
    Raises ``ScanError`` (too-large) when one page alone is above the budget, or there would be more parts than that
    allows; no part is left then, nor after any other error. ``OSError`` comes through.
    """
    made: list[Part] = []
    try:
        with opened(document.path) as pdf:
            pages = [page.obj for page in pdf.pages]
            found = weights(pdf)
            limit_bytes = budget.size_bytes
            above_bytes = 1
            while above_bytes:
                _remove(made)
                counts = packed(found, limit_bytes)
                _check_count(counts, found, budget)
                above_bytes = _write(pdf, pages, counts, document.path, budget, limits, made)
                limit_bytes -= above_bytes
    except BaseException:
        _remove(made)
        raise
    return tuple(made)


def _check_count(counts: Sequence[int], found: Weights, budget: Budget) -> None:
    """Raises ``ScanError`` when there would be too many parts: for the page that no number of them holds, if any."""
    if len(counts) <= budget.max_parts:
        return
    for page in range(len(found.used)):
        if found.alone(page) > budget.size_bytes:
            raise page_too_large(page + 1, found.alone(page), budget)
    raise too_many_parts(len(counts), budget)


def _write(
    pdf: Pdf,
    pages: Sequence[Object],
    counts: Sequence[int],
    path: Path,
    budget: Budget,
    limits: Limits,
    made: list[Part],
) -> int:
    """Writes a part of each of ``counts`` pages to ``made``; how far the first too large is above the budget."""
    first = 0
    for number, count in enumerate(counts, 1):
        out = path.with_name(f"{path.name}.part{number}.pdf")
        keep_pages(pdf, pages[first : first + count])
        made.append(Part(out, first + 1, count, 0))
        written = save(pdf, out, limits)
        made[-1] = Part(out, first + 1, count, written.size_bytes)
        above_bytes = written.size_bytes - budget.size_bytes
        if above_bytes > 0:
            if count == 1:
                raise page_too_large(first + 1, written.size_bytes, budget)
            return above_bytes
        first += count
    return 0


def _remove(made: list[Part]) -> None:
    for part in made:
        part.path.unlink(missing_ok=True)
    made.clear()
