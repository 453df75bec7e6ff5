"""From scan files to what is delivered: converted, then what the owner of the box wished for, each step confined."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from image.confined import worker
from image.document import Document, Limits, Thumbnail
from image.errors import ScanError
from image.fit.budget import Budget
from image.ocr import read
from image.ocr.reading import Reading
from image.recipe import Recipe, Signed

NOT_READ = Reading()

THUMBNAILS_S = 10.0
"""The longest that thumbnails may hold up a scan. Three pages take a tenth of a second here, a second on a slow box."""

_MOST_THUMBNAILS = 24
"""Of one scan, however many mails it is split into."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of one scan: how it is made, read and made to fit, and what that may cost.

    ``worker.convert`` explains ``memory_bytes`` and ``timeout_s``, which each step may take. Without ``budget`` it may
    have any size.
    """

    recipe: Recipe
    limits: Limits
    memory_bytes: int
    timeout_s: float
    reading: Reading = NOT_READ
    budget: Budget | None = None


async def make(
    sources: Sequence[Path],
    out: Path,
    made_at: datetime,
    order: Order,
    progress: Callable[[int, int], None] | None = None,
) -> Document:
    """The PDF of ``sources`` at ``out``, or the parts beside it.

    ``progress`` hears how many pages are converted, and of how many. Raises as ``worker.convert`` does, and
    ``ScanError`` (too-large) when nothing that is allowed brings it within the budget.
    """

    async def converted(recipe: Recipe) -> Document:
        limits, memory_bytes, timeout_s = order.limits, order.memory_bytes, order.timeout_s
        return await worker.convert(
            sources, out, limits, made_at, recipe, memory_bytes=memory_bytes, timeout_s=timeout_s, progress=progress
        )

    document = await converted(order.recipe)
    budget = order.budget
    if document.is_untouched and budget is not None and document.size_bytes > budget.size_bytes and budget.order:
        # Whole, it reaches nobody; a signature does not survive any change.
        document = await converted(replace(order.recipe, signed=Signed.REMOVE))
    if not document.is_untouched:
        document = await read.read(document, order.reading, order.limits)
    if budget is None or document.size_bytes <= budget.size_bytes:
        return document
    return await worker.fit(
        document, budget, order.limits, made_at, memory_bytes=order.memory_bytes, timeout_s=order.timeout_s
    )


async def thumbnails(document: Document, count: int, memory_bytes: int) -> tuple[tuple[Thumbnail, ...], str]:
    """The first ``count`` pages of ``document``, or of each of its parts, small; and why there are none, for the log.

    Pages that cannot be had cheaply are left out. Nothing that happens here costs more than ``THUMBNAILS_S``.
    """
    numbers = first_pages(document, count)
    if not numbers:
        return (), ""
    try:
        made = await worker.thumbnails(document.path, numbers, memory_bytes=memory_bytes, timeout_s=THUMBNAILS_S)
    except (ScanError, OSError) as error:
        return (), str(error)
    return made, ""


def first_pages(document: Document, count: int) -> tuple[int, ...]:
    """The numbers of the pages to be shown: the first ``count`` of each mail, as many in all as are allowed."""
    mails = [(part.first_page, part.page_count) for part in document.parts] or [(1, len(document.pages))]
    numbers = (number for first, pages in mails for number in range(first, first + min(pages, count)))
    return tuple(islice(numbers, _MOST_THUMBNAILS))
