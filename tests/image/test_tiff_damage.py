"""Data that was damaged inside a TIFF whose directories are whole: refused, or told of by page."""

import random
import struct
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from image.document import Page
from image.errors import ScanError, ScanFault
from image.recipe import Check, Recipe
from tests.image.drawn import page, saved
from tests.image.outcome import outcome
from tests.image.poppler import extracted
from tests.image.through_convert import converted

FULL, QUICK = Recipe(check=Check.FULL), Recipe(check=Check.QUICK)
LAYOUTS = {"one": ("-r", "100000"), "many": ("-r", "96"), "tiles": ("-t", "-w", "256", "-l", "256")}


def scan(kind: str) -> Image.Image:
    """Text and noise, so that every strip holds something."""
    if kind == "bw":
        return page("1", 600, 800)
    noise = Image.effect_noise((600, 800), 40)
    return Image.merge("RGB", [ImageChops.add(band, noise, 1, -100) for band in page("RGB", 600, 800).split()])


def written(folder: Path, kind: str, coding: str, layout: str) -> bytearray:
    """A TIFF of this coding, as libtiff's tool writes it."""
    source, target = folder / "source", folder / "target"
    source.write_bytes(saved(scan(kind), "TIFF", compression="raw"))
    command = ["tiffcp", "-L", "-c", coding, *LAYOUTS[layout], str(source), str(target)]
    subprocess.run(command, check=True, capture_output=True)
    return bytearray(target.read_bytes())


def entry(tiff: bytes | bytearray, tag: int) -> tuple[int, int, list[int]]:
    """Where the values of ``tag`` stand, the bytes of each, and the values."""
    (start,) = struct.unpack_from("<I", tiff, 4)
    for at in range(start + 2, start + 2 + 12 * struct.unpack_from("<H", tiff, start)[0], 12):
        found, kind, count = struct.unpack_from("<HHI", tiff, at)
        if found == tag:
            size = {3: 2, 4: 4}[kind]
            place = at + 8 if size * count <= 4 else struct.unpack_from("<I", tiff, at + 8)[0]
            values = [int.from_bytes(tiff[place + n * size : place + n * size + size], "little") for n in range(count)]
            return place, size, values
    raise AssertionError(tag)


def damaged(tiff: bytearray, how: str) -> bytes:
    """The strip in the middle of the page made shorter, or its second half overwritten, or some of it taken out."""
    tag = 324 if b"\x44\x01" in tiff and layout_is_tiled(tiff) else 273
    offsets = entry(tiff, tag)[2]
    place, size, sizes = entry(tiff, 325 if tag == 324 else 279)
    number = len(offsets) // 2
    start, length = offsets[number], sizes[number]
    half = start + length // 2
    match how:
        case "shorter":
            tiff[place + number * size : place + number * size + size] = (length // 2).to_bytes(size, "little")
        case "zeros":
            tiff[half : start + length] = bytes(start + length - half)
        case "hole":
            tiff[half - length // 4 : half] = bytes(length // 4)
        case "noise":
            tiff[half : start + length] = random.Random(7).randbytes(start + length - half)
        case _:
            gone = length // 8
            tiff[half : start + length] = tiff[half + gone : start + length] + bytes(gone)
    return bytes(tiff)


def layout_is_tiled(tiff: bytearray) -> bool:
    """Whether the first page has tiles."""
    try:
        entry(tiff, 324)
    except AssertionError:
        return False
    return True


BILEVEL = ("g3", "g3:2d", "g3:fill", "g4")
BYTES = ("lzw", "zip", "packbits")
COLOUR = ("lzw:2", "zip:2", "packbits", "jpeg:r:90", "jpeg:90", "zstd:2", "lzma:2")
CASES = [
    *(("bw", coding, layout, how) for coding in BILEVEL for layout in LAYOUTS for how in ("shorter", "zeros", "noise")),
    *(("bw", coding, layout, "shorter") for coding in (*BYTES, "none") for layout in LAYOUTS),
    *(("rgb", coding, layout, "shorter") for coding in (*COLOUR, "none") for layout in LAYOUTS),
    *(("rgb", coding, layout, "hole") for coding in ("jpeg:r:90", "jpeg:90") for layout in ("many", "tiles")),
    *(("rgb", coding, layout, "out") for coding in ("zip:2", "jpeg:r:90", "lzma:2") for layout in ("many", "tiles")),
]


@pytest.mark.parametrize(("kind", "coding", "layout", "how"), CASES)
def test_damage_is_never_silent(tmp_path: Path, kind: str, coding: str, layout: str, how: str):
    """A page of which a part cannot be decoded is refused, or its page says that it is damaged."""
    data = damaged(written(tmp_path, kind, coding, layout), how)
    found = outcome(lambda: converted(tmp_path, data))
    if isinstance(found, ScanError):
        assert found.fault is ScanFault.DAMAGED
    else:
        assert found.pages[0].flaw


@pytest.mark.parametrize("coding", ["jpeg:90", "jpeg:r:90"])
def test_what_ends_too_early_is_seen_when_asked(tmp_path: Path, coding: str):
    """With the full check, a picture whose blocks came out of less data than there is tells of damage."""
    broken = damaged(written(tmp_path, "rgb", coding, "one"), "hole")
    assert converted(tmp_path, broken, recipe=FULL).pages[0].flaw


@pytest.mark.parametrize(("kind", "coding"), [("bw", "g4"), ("rgb", "jpeg:90"), ("rgb", "jpeg:r:90")])
def test_what_is_passed_is_decoded_when_asked(tmp_path: Path, kind: str, coding: str):
    """A page that would pass tells of damage that its end does not show, unless the check is to be quick."""
    whole = bytes(written(tmp_path, kind, coding, "one"))
    for recipe in (QUICK, Recipe(), FULL):
        (one,) = converted(tmp_path, whole, recipe=recipe).pages
        assert (one.action in {"passed", "rewrapped"}, one.flaw) == (True, "")
    broken = bytearray(whole)
    (start,), (place, size, (length,)) = entry(broken, 273)[2], entry(broken, 279)
    rest = broken[start + length // 2 : start + length]
    broken[start + length // 3 : start + length // 3 + len(rest)] = rest
    broken[place : place + size] = (length // 3 + len(rest)).to_bytes(size, "little")
    assert converted(tmp_path, bytes(broken), recipe=QUICK).pages[0].flaw == ""
    for recipe in (Recipe(), FULL):
        assert converted(tmp_path, bytes(broken), recipe=recipe).pages[0].flaw


def test_only_the_damaged_page_is_named(tmp_path: Path):
    """Of three pages the second is damaged: it alone says so."""
    files = [bytes(written(tmp_path, "bw", "g4", "many")) for _ in range(3)]
    files[1] = damaged(bytearray(files[1]), "zeros")
    flaws = [bool(one.flaw) for one in converted(tmp_path, *files).pages]
    assert flaws == [False, True, False]


@pytest.mark.parametrize("coding", ["g3", "g3:2d", "g4"])
def test_the_lost_part_of_a_fax_is_white(tmp_path: Path, coding: str):
    """Below the place where the data ends the page is white, not black."""
    (one,) = pages(tmp_path, damaged(written(tmp_path, "bw", coding, "one"), "shorter"))
    assert one.flaw
    (image,) = extracted(tmp_path / "out.pdf")
    assert image.crop((0, 700, 600, 800)).convert("L").getextrema() == (255, 255)


def pages(folder: Path, data: bytes) -> tuple[Page, ...]:
    """The pages of one file."""
    return converted(folder, data).pages


@pytest.mark.parametrize("bit", range(3, 300, 29))
def test_a_flipped_bit_in_a_fax_row(tmp_path: Path, bit: int):
    """A row of G3 that was changed on the line is noticed, even when its codes are valid ones."""
    data = written(tmp_path, "bw", "g3", "one")
    (start,) = entry(data, 273)[2]
    (length,) = entry(data, 279)[2]
    data[start + length // 2 + bit // 8] ^= 1 << bit % 8
    (one,) = pages(tmp_path, bytes(data))
    assert (one.action, bool(one.flaw)) == ("encoded", True)
