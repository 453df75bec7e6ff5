"""Scans converted by a worker process: the document, or the refusal."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from image.confined.worker import convert
from image.document import Document, Limits
from image.errors import ScanError

MADE_AT = datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)
LIMITS = Limits()
MEMORY_BYTES = 400_000_000
ROOT = Path(__file__).parents[2]


def written(path: Path, data: bytes) -> Path:
    """A file of these bytes."""
    path.write_bytes(data)
    return path


async def converted(
    source: Path, limits: Limits = LIMITS, memory_bytes: int = MEMORY_BYTES, timeout_s: float = 120
) -> Document:
    """The PDF of ``source`` beside it."""
    out = source.with_name("out.pdf")
    return await convert([source], out, limits, MADE_AT, memory_bytes=memory_bytes, timeout_s=timeout_s)


async def refusal(source: Path, **options: float) -> ScanError:
    """The refusal of ``source``, which leaves nothing behind."""
    with pytest.raises(ScanError) as caught:
        await converted(source, **options)  # type: ignore[arg-type]
    assert not list(source.parent.glob("out.pdf*"))
    return caught.value
