"""TIFFs as libtiff's own tools write them, through to_pdf: what libtiff's own decoder sees is what poppler sees."""

import subprocess
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from tests.image.drawn import furthest, page, saved
from tests.image.poppler import extracted
from tests.image.through_convert import LOSSLESS, converted, same_pixels
from tests.image.tiff_maker import DEFLATE, LZW, NONE, PACKBITS, Form, made_ycbcr


def copied(folder: Path, source: Path, *options: str) -> Path:
    """The file as ``tiffcp`` writes it with these options."""
    target = folder / f"{len(list(folder.iterdir()))}.tif"
    subprocess.run(["tiffcp", *options, str(source), str(target)], check=True, capture_output=True)
    return target


def seen(folder: Path, source: Path) -> Image.Image:
    """What ``tiff2rgba`` sees."""
    target = folder / f"{len(list(folder.iterdir()))}.rgba"
    subprocess.run(["tiff2rgba", "-c", "none", "-n", str(source), str(target)], check=True, capture_output=True)
    with Image.open(target) as image:
        return image.convert("RGB")


LAYOUTS: tuple[tuple[str, ...], ...] = (
    ("-r", "100000"),
    ("-r", "7"),
    ("-t", "-w", "64", "-l", "48"),
    ("-r", "50", "-f", "lsb2msb", "-B"),
    ("-r", "100000", "-f", "lsb2msb", "-8"),
)
SEPARATE: tuple[tuple[str, ...], ...] = (
    ("-p", "separate", "-r", "9"),
    ("-p", "separate", "-t", "-w", "32", "-l", "32"),
)


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("coding", ["g3", "g3:2d", "g3:fill", "g3:2d:fill", "g4", "lzw", "zip", "packbits", "none"])
def test_bilevel(tmp_path: Path, coding: str, photometric: int):
    """Black and white is exact and never inverted, in every fax coding and layout."""
    image = page("1")
    source = tmp_path / "source"
    stored = image if photometric else ImageOps.invert(image.convert("L")).convert("1")
    source.write_bytes(saved(stored, "TIFF", compression="raw", tiffinfo={262: photometric}))
    tried = [copied(tmp_path, source, "-c", coding, *layout) for layout in LAYOUTS]
    truth = seen(tmp_path, source)
    document = converted(tmp_path, *(path.read_bytes() for path in tried))
    found = extracted(document.path)
    assert [same_pixels(one, truth) for one in found] == [True] * len(tried)
    assert {one.flaw for one in document.pages} == {""}


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBX", "CMYK", "P"])
@pytest.mark.parametrize("coding", ["none", "lzw", "lzw:2", "zip:2", "packbits", "zstd:2", "lzma:2"])
def test_colour(tmp_path: Path, mode: str, coding: str):
    """Grey, colour and palette are exact in every coding and layout."""
    if mode == "P" and ":" in coding:
        coding = coding.partition(":")[0]
    image = page(mode)
    source = tmp_path / "source"
    source.write_bytes(saved(image, "TIFF", compression="raw"))
    layouts: Sequence[tuple[str, ...]] = (*LAYOUTS, *(SEPARATE if mode in {"RGB", "RGBX", "CMYK"} else ()))
    tried = [copied(tmp_path, source, "-c", coding, *layout) for layout in layouts]
    truth = image.convert("RGB")
    document = converted(tmp_path, *(path.read_bytes() for path in tried), recipe=LOSSLESS)
    assert [furthest(one, truth) for one in extracted(document.path)] == [0] * len(tried)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg(tmp_path: Path, mode: str):
    """JPEG in strips, tiles and planes looks as libtiff's own decoder has it."""
    source = tmp_path / "source"
    source.write_bytes(saved(page(mode), "TIFF", compression="raw"))
    layouts = [("-r", "16"), ("-t", "-w", "64", "-l", "48"), ("-r", "16", "-f", "lsb2msb")]
    codings = ("jpeg:r:90", "jpeg:90") if mode == "RGB" else ("jpeg:90",)
    tried = [copied(tmp_path, source, "-c", coding, *layout) for layout in layouts for coding in codings]
    if mode == "RGB":
        tried.append(copied(tmp_path, source, "-c", "jpeg:r:90", "-p", "separate", "-r", "16"))
    document = converted(tmp_path, *(path.read_bytes() for path in tried), recipe=LOSSLESS)
    for path, one in zip(tried, extracted(document.path), strict=True):
        assert furthest(one, seen(tmp_path, path)) <= 3, path
    assert {one.flaw for one in document.pages} == {""}


@pytest.mark.parametrize("sampling", [(1, 1), (2, 1), (2, 2), (4, 2)])
def test_ycbcr(tmp_path: Path, sampling: tuple[int, int]):
    """YCbCr, its colours as coarse as they may be, comes out as libtiff's own decoder has it."""
    tried: list[Path] = []
    for coding, rows, order in product((NONE, PACKBITS, LZW, DEFLATE), (1000, 8), "<>"):
        tried.append(tmp_path / f"{len(tried)}.ycbcr")
        form = Form(coding, strip_rows=rows, order=order)
        tried[-1].write_bytes(made_ycbcr(page("YCbCr", 90, 121), sampling, form))
    found = extracted(converted(tmp_path, *(path.read_bytes() for path in tried), recipe=LOSSLESS).path)
    assert [furthest(one, seen(tmp_path, path)) <= 1 for path, one in zip(tried, found, strict=True)] == [True] * 16


def test_deep_colour(tmp_path: Path):
    """Sixteen bits a colour with a predictor, as photo tools write them, are scaled."""
    source = tmp_path / "source.ppm"
    rows = b"".join(bytes([x, y, (x * y) % 256, x, (x + y) % 256, 7]) for y in range(48) for x in range(64))
    source.write_bytes(b"P6 64 48 65535\n" + rows)
    raw = tmp_path / "raw.tif"
    subprocess.run(["ppm2tiff", str(source), str(raw)], check=True, capture_output=True)
    tried = [
        copied(tmp_path, raw, "-c", coding, *layout)
        for coding in ("lzw:2", "zip:2", "none")
        for layout in (("-r", "5"), ("-B", "-r", "100"), ("-t", "-w", "16", "-l", "32"))
    ]
    truth = seen(tmp_path, raw)
    found = extracted(converted(tmp_path, *(path.read_bytes() for path in tried), recipe=LOSSLESS).path)
    assert [furthest(one, truth) <= 1 for one in found] == [True] * len(tried)
