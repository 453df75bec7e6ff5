"""From scan files to what is delivered: converted, then what the owner of the box wished for, each step confined."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from image import worker
from image.document import Document, Limits
from image.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of one scan: how it is made, and what that may cost (``worker.convert`` explains the last two)."""

    recipe: Recipe
    limits: Limits
    memory_bytes: int
    timeout_s: float


async def make(
    sources: Sequence[Path],
    out: Path,
    made_at: datetime,
    order: Order,
    progress: Callable[[int, int], None] | None = None,
) -> Document:
    """The PDF of ``sources`` at ``out``, or the parts beside it. Raises as ``worker.convert`` does.

    ``progress`` hears how many pages are done, and of how many.
    """
    return await worker.convert(
        sources,
        out,
        order.limits,
        made_at,
        order.recipe,
        memory_bytes=order.memory_bytes,
        timeout_s=order.timeout_s,
        progress=progress,
    )
