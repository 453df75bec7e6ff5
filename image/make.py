"""From scan files to what is delivered: converted, then what the owner of the box wished for, each step confined."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from image.confined import worker
from image.document import Document, Limits
from image.fit.budget import Budget
from image.ocr import read
from image.ocr.reading import Reading
from image.recipe import Recipe, Signed

NOT_READ = Reading()


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
