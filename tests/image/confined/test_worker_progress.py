"""What the caller is told while a scan is converted, and after."""

from pathlib import Path

import pytest

from image.confined.exchange import Usage
from image.confined.worker import convert
from image.errors import ScanError
from tests.image.drawn import page, saved, tiff
from tests.image.scanned_pdf import plain
from tests.image.through_worker import LIMITS, MADE_AT, MEMORY_BYTES, written


async def told(sources: list[Path]) -> tuple[list[tuple[int, int]], list[Usage]]:
    """The progress and the usage of the conversion of these files."""
    steps: list[tuple[int, int]] = []
    used: list[Usage] = []
    await convert(
        sources,
        sources[0].with_name("out.pdf"),
        LIMITS,
        MADE_AT,
        memory_bytes=MEMORY_BYTES,
        timeout_s=120,
        progress=lambda done, total: steps.append((done, total)),
        usage=used.append,
    )
    return steps, used


async def test_each_page_is_a_step(tmp_path: Path):
    """The caller hears of every page, in order, and how many there are, before the document is there."""
    images = [page("1") for _ in range(4)]
    steps, _ = await told([tiff(tmp_path / "in.tif", images, compression="group4")])
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


async def test_a_pdf_is_one_step(tmp_path: Path):
    """An incoming PDF counts once, however many pages it has, alone and among other files."""
    pdf = written(tmp_path / "in.pdf", plain(3))
    assert (await told([pdf]))[0] == [(1, 1)]
    images = tiff(tmp_path / "in.tif", [page("1"), page("1")], compression="group4")
    assert (await told([images, pdf]))[0] == [(1, 3), (2, 3), (3, 3)]


async def test_what_it_took_is_told(tmp_path: Path):
    """The caller hears what the process took: more memory for a larger page."""
    _, (small,) = await told([written(tmp_path / "small.png", saved(page("RGBA"), "PNG"))])
    _, (large,) = await told([written(tmp_path / "large.png", saved(page("RGBA", 2000, 3000), "PNG"))])
    assert 1_000_000 < small.peak_bytes < large.peak_bytes - 10_000_000 < MEMORY_BYTES
    assert 0 < small.cpu_s < large.cpu_s


async def test_what_a_refusal_took_is_told(tmp_path: Path):
    """A bomb that is refused has its cost told as well."""
    used: list[Usage] = []
    source = written(tmp_path / "in.tif", b"")
    with pytest.raises(ScanError):
        await convert(
            [source], tmp_path / "out.pdf", LIMITS, MADE_AT, memory_bytes=MEMORY_BYTES, timeout_s=120, usage=used.append
        )
    assert len(used) == 1


async def test_a_listener_that_fails_ends_the_job(tmp_path: Path):
    """An error of the caller's own comes back to it, and the job is given up."""

    def fail(done: int, total: int) -> None:
        raise KeyError(done)

    source = written(tmp_path / "in.png", saved(page(), "PNG"))
    with pytest.raises(KeyError):
        await convert(
            [source], tmp_path / "out.pdf", LIMITS, MADE_AT, memory_bytes=MEMORY_BYTES, timeout_s=120, progress=fail
        )
    assert not (tmp_path / "out.pdf").exists()
