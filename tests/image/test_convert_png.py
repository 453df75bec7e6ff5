"""to_pdf on PNGs of every kind, whose pixels are known since they are written here."""

from pathlib import Path

import pytest
from PIL import Image

from tests.image.png import chunk, png
from tests.image.poppler import extracted, rendered, unpacked
from tests.image.through_convert import LOSSLESS, converted


def ramp(count: int, width: int = 37) -> list[list[int]]:
    """Rows of samples that run through ``count`` values, of a width that ends inside a byte."""
    return [[(row * 5 + column) % count for column in range(width)] for row in range(23)]


def pixels(folder: Path, data: bytes, action: str = "rewrapped") -> bytes:
    """The pixels in the PDF, red, green and blue."""
    document = converted(folder, data, recipe=LOSSLESS)
    assert document.pages[0].action == action
    (found,) = extracted(document.path)
    return found.convert("RGB").tobytes()


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_grey(tmp_path: Path, bits: int):
    """Grey of every depth is passed and keeps its tones."""
    rows, top = ramp(1 << bits), (1 << bits) - 1
    wanted = b"".join(bytes([value * 255 // top] * 3) for row in rows for value in row)
    assert pixels(tmp_path, png(rows, bits, 0)) == wanted


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("is_full", [True, False])
def test_palette(tmp_path: Path, bits: int, *, is_full: bool):
    """Palettes of every depth are passed, those with fewer colours than the depth allows too."""
    count = 1 << bits if is_full else (1 << bits) - 1
    colours = [bytes([index * 7 % 256, 255 - index, index * 31 % 256]) for index in range(count)]
    rows = ramp(count)
    wanted = b"".join(colours[value] for row in rows for value in row)
    data = png(rows, bits, 3, chunk(b"PLTE", b"".join(colours)))
    if bits > 1:
        assert pixels(tmp_path, data) == wanted
    else:
        # Taken out of the PDF, one bit is black and white whatever its palette; the page shows it.
        document = converted(tmp_path, data)
        image = rendered(document.path, 72 * 9 * 37 / document.pages[0].width_pt).convert("RGB")
        image = image.resize((37, 23), Image.Resampling.NEAREST)
        assert image.tobytes() == wanted


def test_rgb(tmp_path: Path):
    """RGB is passed, a suggested palette or not."""
    rows = ramp(256, 36)
    data = png(rows, 8, 2, chunk(b"PLTE", bytes(9)))
    assert pixels(tmp_path, data) == b"".join(bytes(row) for row in rows)


@pytest.mark.parametrize("colour_type", [0, 2])
def test_deep(tmp_path: Path, colour_type: int):
    """Sixteen bits become eight, by their upper half."""
    rows = ramp(65536, 36)
    rows = [[value * 2731 % 65536 for value in row] for row in rows]
    data = png(rows, 16, colour_type)
    high = [value >> 8 for row in rows for value in row]
    wanted = bytes(high) if colour_type == 2 else bytes(value for value in high for _ in range(3))
    assert pixels(tmp_path, data, "encoded") == wanted


@pytest.mark.parametrize("colour_type", [4, 6])
def test_opacity(tmp_path: Path, colour_type: int):
    """What is transparent is laid on white."""
    colour = [40] if colour_type == 4 else [40, 80, 120]
    data = png([[*colour, 255, *colour, 0, *colour, 128]], 8, colour_type)
    solid = bytes(colour * (3 // len(colour)))
    mixed = bytes(round(value * 128 / 255 + 255 * 127 / 255) for value in solid)
    found = pixels(tmp_path, data, "encoded")
    assert found[:6] == solid + b"\xff\xff\xff"
    assert max(abs(one - other) for one, other in zip(found[6:], mixed, strict=True)) <= 1


@pytest.mark.parametrize(("bits", "colour_type"), [(1, 0), (4, 0), (8, 0), (8, 2), (2, 3)])
def test_interlaced(tmp_path: Path, bits: int, colour_type: int):
    """An interlaced PNG, whose rows stand in another order than PDF's, is encoded without loss."""
    rows = ramp(1 << bits, 36)
    palette = [chunk(b"PLTE", bytes(range(0, 240, 20)))] if colour_type == 3 else []
    straight = png(rows, bits, colour_type, *palette)
    woven = png(rows, bits, colour_type, *palette, is_interlaced=True)
    assert pixels(tmp_path, woven, "encoded") == pixels(tmp_path, straight)


def test_bilevel_interlaced_becomes_g4(tmp_path: Path):
    """A bilevel PNG that has to be encoded becomes fax."""
    document = converted(tmp_path, png(ramp(2), 1, 0, is_interlaced=True))
    assert b"/CCITTFaxDecode" in unpacked(document.path)
