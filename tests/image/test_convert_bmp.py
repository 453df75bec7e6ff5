"""to_pdf on bitmaps of every kind, whose pixels are known since they are written here."""

from pathlib import Path

import pytest

from image.errors import ScanFault
from tests.image.bmp import MASKED, RLE4, RLE8, bmp, rows
from tests.image.poppler import extracted
from tests.image.through_convert import LOSSLESS, converted, refused

BLACK, WHITE, RED, GREEN, BLUE = (0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255)
COLOURS = (BLACK, WHITE, RED, GREEN, BLUE, (255, 255, 0))
PICTURE = (
    (RED, GREEN, BLUE, WHITE, BLACK),
    (WHITE, WHITE, RED, BLACK, GREEN),
    (BLUE, BLACK, WHITE, RED, RED),
)
"""Rows from the top, of three bits a colour, so that every depth holds it."""

WIDTH, HEIGHT = 5, 3
BILEVEL = ((BLACK, WHITE, WHITE, BLACK, WHITE), (WHITE,) * 5, (BLACK, BLACK, WHITE, WHITE, BLACK))


def indexed(picture: tuple[tuple[tuple[int, int, int], ...], ...]) -> list[list[int]]:
    """The picture as indices, from the bottom."""
    return [[COLOURS.index(pixel) for pixel in row] for row in picture[::-1]]


def packed(red: int, green: int, blue: int, rest: int = 0) -> list[list[int]]:
    """The picture as pixels whose colours are these masks, from the bottom; ``rest`` fills what is left."""
    masks = (red, green, blue)
    return [
        [sum(mask for mask, value in zip(masks, pixel, strict=True) if value) | rest for pixel in row]
        for row in PICTURE[::-1]
    ]


def rle8() -> bytes:
    """The picture in runs, in literal pixels with padding, and by a jump."""
    first, second, third = (bytes(row) for row in indexed(PICTURE))
    run = b"".join(bytes([1, pixel]) for pixel in first)
    literal = b"\x00\x05" + second + b"\x00"
    return (
        run
        + b"\x00\x00"
        + literal
        + b"\x00\x00"
        + b"\x00\x03"
        + third[:3]
        + b"\x00"
        + b"\x01"
        + third[3:4]
        + (b"\x01" + third[4:] + b"\x00\x01")
    )


def rle4() -> bytes:
    """The same with two pixels a byte."""
    first, second, third = indexed(PICTURE)
    run = b"".join(bytes([1, pixel << 4]) for pixel in first)
    literal = bytes([0, 5, second[0] << 4 | second[1], second[2] << 4 | second[3], second[4] << 4, 0])
    pairs = (
        bytes([4, third[0] << 4 | third[1]])
        if third[:2] == third[2:4]
        else b"".join(bytes([1, pixel << 4]) for pixel in third[:4])
    )
    return run + b"\x00\x00" + literal + b"\x00\x00" + pairs + bytes([1, third[4] << 4]) + b"\x00\x01"


RGB16, RGB555 = (0xF800, 0x7E0, 0x1F), (0x7C00, 0x3E0, 0x1F)
RGB, BGR = (0xFF0000, 0xFF00, 0xFF), (0xFF, 0xFF00, 0xFF0000)
SIZE = (WIDTH, HEIGHT)

KINDS = {
    "4 bits": bmp(SIZE, 4, rows(indexed(PICTURE), 4), colours=COLOURS),
    "8 bits": bmp(SIZE, 8, rows(indexed(PICTURE), 8), colours=COLOURS),
    "RLE8": bmp(SIZE, 8, rle8(), colours=COLOURS, compression=RLE8),
    "RLE4": bmp(SIZE, 4, rle4(), colours=COLOURS, compression=RLE4),
    "16 bits": bmp(SIZE, 16, rows(packed(*RGB555), 16)),
    "16 bits 565": bmp(SIZE, 16, rows(packed(*RGB16), 16), compression=MASKED, masks=RGB16),
    "16 bits 555": bmp(SIZE, 16, rows(packed(*RGB555), 16), compression=MASKED, masks=RGB555),
    "24 bits": bmp(SIZE, 24, rows(packed(*RGB), 24)),
    "32 bits": bmp(SIZE, 32, rows(packed(*RGB), 32)),
    "32 bits masked": bmp(SIZE, 32, rows(packed(*RGB), 32), compression=MASKED, masks=RGB),
    "32 bits V4": bmp(SIZE, 32, rows(packed(*BGR), 32), compression=MASKED, masks=(*BGR, 0xFF000000), header_bytes=108),
    "32 bits V5": bmp(
        SIZE, 32, rows(packed(*RGB, 0x80000000), 32), compression=MASKED, masks=(*RGB, 0xFF000000), header_bytes=124
    ),
    "top down": bmp((WIDTH, -HEIGHT), 24, rows(packed(*RGB)[::-1], 24)),
    "top down palette": bmp((WIDTH, -HEIGHT), 4, rows(indexed(PICTURE)[::-1], 4), colours=COLOURS),
    "OS/2 24 bits": bmp(SIZE, 24, rows(packed(*RGB), 24), header_bytes=12),
    "OS/2 4 bits": bmp(SIZE, 4, rows(indexed(PICTURE), 4), colours=(*COLOURS, *[BLACK] * 10), header_bytes=12),
    "OS/2 version 2": bmp(SIZE, 24, rows(packed(*RGB), 24), header_bytes=64),
}


def shown(folder: Path, data: bytes) -> tuple[tuple[object, ...], ...]:
    """The pixels in the PDF, row by row from the top."""
    (found,) = extracted(converted(folder, data, recipe=LOSSLESS).path)
    image = found.convert("RGB")
    return tuple(tuple(image.getpixel((x, y)) for x in range(image.width)) for y in range(image.height))


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_exact(tmp_path: Path, name: str):
    """Every depth, order, header and compression gives the pixels that were written, opacity or not."""
    assert shown(tmp_path, KINDS[name]) == PICTURE


@pytest.mark.parametrize("colours", [(BLACK, WHITE), (WHITE, BLACK)])
@pytest.mark.parametrize("header_bytes", [12, 40])
def test_bilevel(tmp_path: Path, colours: tuple[tuple[int, int, int], ...], header_bytes: int):
    """Black and white is exact whichever of the two comes first."""
    values = [[colours.index(pixel) for pixel in row] for row in BILEVEL[::-1]]
    data = bmp(SIZE, 1, rows(values, 1), colours=colours, header_bytes=header_bytes)
    assert shown(tmp_path, data) == BILEVEL


@pytest.mark.parametrize("name", [name for name in KINDS if "RLE" not in name])
@pytest.mark.parametrize("lost", [4, 13, 30])
def test_missing_rows_are_damage(tmp_path: Path, name: str, lost: int):
    """A bitmap with fewer bytes than its pixels take is refused, never shown with a black rest."""
    assert refused(tmp_path, KINDS[name][:-lost]) is ScanFault.DAMAGED


@pytest.mark.parametrize("name", ["RLE4", "RLE8"])
@pytest.mark.parametrize("end", [b"", b"\x00\x01", b"\x00\x00\x00\x01", b"\x00\x09\x01"])
def test_missing_runs_are_damage(tmp_path: Path, name: str, end: bytes):
    """So is a compressed one that stops, or ends, before its last row."""
    assert refused(tmp_path, KINDS[name][:-12] + end) is ScanFault.DAMAGED


@pytest.mark.parametrize(
    "data",
    [
        bmp(SIZE, 24, bytes(100), compression=4),
        bmp(SIZE, 24, bytes(100), compression=RLE8),
        bmp(SIZE, 2, bytes(100), colours=COLOURS[:4]),
        bmp(SIZE, 16, bytes(100), compression=MASKED, masks=(0xF00, 0xF0, 0xF)),
    ],
)
def test_unknown_kinds(tmp_path: Path, data: bytes):
    """A kind that the decoder does not know is refused as such, not as damaged."""
    assert refused(tmp_path, data) is ScanFault.UNSUPPORTED
