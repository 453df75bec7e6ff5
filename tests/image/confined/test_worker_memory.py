"""The worker's memory: pages and bombs that would take too much of it."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream, StreamDecodeLevel
from PIL import Image

from image.errors import ScanFault
from tests.image.drawn import g4_entries, page, raw_tiff, saved
from tests.image.through_worker import converted, refusal, written


async def test_memory_is_limited(tmp_path: Path):
    """A page that needs more than the process may take is refused as too large; this process takes nothing."""
    large = saved(Image.new("RGBA", (6000, 8000)), "PNG", compress_level=1)
    error = await refusal(written(tmp_path / "in.png", large), memory_bytes=200_000_000)
    assert error.fault is ScanFault.TOO_LARGE


def png_bomb() -> bytes:
    """A PNG that claims 30000 by 30000 pixels."""
    small = saved(Image.new("1", (8, 8), 1), "PNG")
    header = b"IHDR" + struct.pack(">II", 30_000, 30_000) + small[24:29]
    return small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]


def tiff_bomb(compression: int) -> bytes:
    """A TIFF that claims 100000 by 100000 pixels."""
    entries = g4_entries(page("1"), 64, t256=100_000, t257=100_000, t259=compression)
    return raw_tiff([(entries, bytes(64))])


def pdf_bomb() -> bytes:
    """A PDF of one page with an image that unpacks to 300 MB in two steps."""
    pdf, file = Pdf.new(), io.BytesIO()
    packer = zlib.compressobj(9)
    once = b"".join(packer.compress(bytes(10**6)) for _ in range(300)) + packer.flush()
    image = Stream(pdf, zlib.compress(once, 9), Type=Name.XObject, Subtype=Name.Image, Width=9, Height=9)
    image.Filter = Array([Name.FlateDecode, Name.FlateDecode])
    added = pdf.add_blank_page(page_size=(100, 100))
    added.obj.Resources = Dictionary(XObject=Dictionary(Im=image))
    added.obj.Contents = Stream(pdf, b"q 100 0 0 100 0 0 cm /Im Do Q")
    pdf.save(file, compress_streams=False, stream_decode_level=StreamDecodeLevel.none)
    return file.getvalue()


@pytest.mark.parametrize("bomb", [png_bomb, partial(tiff_bomb, 4), partial(tiff_bomb, 1), partial(tiff_bomb, 5)])
async def test_bombs_are_refused_in_little_memory(tmp_path: Path, bomb: Callable[[], bytes]):
    """A picture that claims more pixels than allowed is refused by its header, in a process of 100 MB."""
    error = await refusal(written(tmp_path / "in", bomb()), memory_bytes=100_000_000)
    assert error.fault is ScanFault.TOO_LARGE
    assert "pixels" in error.sentence


async def test_a_bomb_in_a_pdf_is_passed_unopened(tmp_path: Path):
    """What a PDF holds packed is passed packed, in a process of 150 MB."""
    document = await converted(written(tmp_path / "in", pdf_bomb()), memory_bytes=150_000_000)
    assert document.size_bytes < 100_000
