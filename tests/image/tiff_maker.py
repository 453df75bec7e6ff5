"""TIFFs written by hand in every layout, from samples that the test knows."""

import random
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image

BITS_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
NONE, LZW, DEFLATE, OLD_DEFLATE, PACKBITS = 1, 5, 8, 32946, 32773


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture as rows of pixels, each a tuple of ``samples`` numbers of ``bits`` bits."""

    bits: int
    samples: int
    rows: tuple[tuple[tuple[int, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class Form:
    """How a TIFF holds its picture. ``tile`` is width and height, or None for strips of ``strip_rows`` rows."""

    compression: int = NONE
    strip_rows: int = 1 << 20
    tile: tuple[int, int] | None = None
    is_planar: bool = False
    order: str = "<"
    fill_order: int = 1
    predictor: int = 1
    is_big: bool = False


def drawing(bits: int, samples: int, width_px: int = 37, height_px: int = 29, seed: int = 1) -> Drawing:
    """A picture in which every sample differs from its neighbours, with runs in it; all values occur."""
    chance = random.Random(seed)
    top = (1 << bits) - 1
    rows = []
    for y in range(height_px):
        row: list[tuple[int, ...]] = []
        for x in range(width_px):
            if row and chance.random() < 0.3:
                row.append(row[-1])
            else:
                row.append(tuple((chance.randint(0, top) + x * 3 + y) & top for _ in range(samples)))
        rows.append(tuple(row))
    return Drawing(bits, samples, tuple(rows))


def made(picture: Drawing, photometric: int, form: Form, more: Sequence[tuple[int, str, Sequence[int]]] = ()) -> bytes:
    """The TIFF; ``more`` are further entries: tag, struct's code, values."""
    width, height = len(picture.rows[0]), len(picture.rows)
    across, down = form.tile or (width, min(form.strip_rows, height))
    chunks = [
        _coded(_cut(picture, plane, left, top, across, down, form), form)
        for plane in (range(picture.samples) if form.is_planar else [None])
        for top in range(0, height, down)
        for left in range(0, width, across)
    ]
    entries: list[tuple[int, str, Sequence[int]]] = [
        (256, "I", [width]),
        (257, "I", [height]),
        (258, "H", [picture.bits] * picture.samples),
        (259, "H", [form.compression]),
        (262, "H", [photometric]),
        (266, "H", [form.fill_order]),
        (277, "H", [picture.samples]),
        (284, "H", [2 if form.is_planar else 1]),
        (317, "H", [form.predictor]),
        *more,
    ]
    places, sizes = (324, 325) if form.tile else (273, 279)
    entries += [(322, "I", [across]), (323, "I", [down])] if form.tile else [(278, "I", [down])]
    start, starts = (16 if form.is_big else 8), []
    for chunk in chunks:
        starts.append(start)
        start += len(chunk)
    entries += [(places, "I", starts), (sizes, "I", [len(chunk) for chunk in chunks])]
    return _file(sorted(entries), b"".join(chunks), form)


def made_ycbcr(image: Image.Image, sampling: tuple[int, int], form: Form) -> bytes:
    """A TIFF of a YCbCr picture in strips, one blue and one red for ``sampling`` pixels (TIFF 6.0 section 21)."""
    across, down = sampling
    brightness, blue, red = image.split()
    chunks = []
    for top in range(0, image.height, form.strip_rows):
        rows: list[list[int]] = []
        for y in range(top, min(top + form.strip_rows, image.height), down):
            row: list[int] = []
            for x in range(0, image.width, across):
                places = [
                    (min(x + dx, image.width - 1), min(y + dy, image.height - 1))
                    for dy in range(down)
                    for dx in range(across)
                ]
                row += [brightness.getpixel(place) for place in places]  # type: ignore[misc]
                row += [blue.getpixel((x, y)), red.getpixel((x, y))]  # type: ignore[list-item]
            rows.append(row)
        chunks.append(_coded(rows, form))
    starts = [8 + sum(map(len, chunks[:number])) for number in range(len(chunks))]
    entries: list[tuple[int, str, Sequence[int]]] = [
        (256, "I", [image.width]),
        (257, "I", [image.height]),
        (258, "H", [8, 8, 8]),
        (259, "H", [form.compression]),
        (262, "H", [6]),
        (273, "I", starts),
        (277, "H", [3]),
        (278, "I", [min(form.strip_rows, image.height)]),
        (279, "I", [len(chunk) for chunk in chunks]),
        (530, "H", sampling),
    ]
    return _file(entries, b"".join(chunks), form)


def _cut(
    picture: Drawing, plane: int | None, left: int, top: int, across: int, down: int, form: Form
) -> list[list[int]]:
    """The samples of a chunk, row by row; a tile is filled up, a strip is not."""
    rows = []
    for y in range(top, top + down):
        if y >= len(picture.rows) and not form.tile:
            break
        row: list[int] = []
        for x in range(left, left + across):
            is_inside = y < len(picture.rows) and x < len(picture.rows[0])
            pixel = picture.rows[y][x] if is_inside else (0,) * picture.samples
            row += pixel if plane is None else (pixel[plane],)
        if form.predictor == 2:
            stride = picture.samples if plane is None else 1
            before = [0] * stride + row[:-stride]
            row = [(value - last) % (1 << picture.bits) for value, last in zip(row, before, strict=True)]
        rows.append(_packed(row, picture.bits, form.order))
    return rows


def _packed(row: Sequence[int], bits: int, order: str) -> list[int]:
    if bits == 16:
        return list(struct.pack(f"{order}{len(row)}H", *row))
    text = "".join(f"{value:0{bits}b}" for value in row)
    text += "0" * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, "big"))


def _coded(rows: list[list[int]], form: Form) -> bytes:
    data = b"".join(map(bytes, rows))
    match form.compression:
        case 5:
            data = lzw(data)
        case 8 | 32946:
            data = zlib.compress(data)
        case 32773:
            data = b"".join(packbits(bytes(row)) for row in rows)
        case _:
            pass
    return data.translate(BITS_REVERSED) if form.fill_order == 2 else data


def packbits(row: bytes) -> bytes:
    """TIFF 6.0 section 9."""
    out, at = bytearray(), 0
    while at < len(row):
        run = 1
        while at + run < len(row) and run < 128 and row[at + run] == row[at]:
            run += 1
        if run > 1:
            out += bytes([257 - run, row[at]])
        else:
            while at + run < len(row) and run < 128 and row[at + run] != row[at + run - 1]:
                run += 1
            out += bytes([run - 1]) + row[at : at + run]
        at += run
    return bytes(out)


def lzw(data: bytes) -> bytes:
    """TIFF 6.0 section 13: bytes as they are, the table cleared before it grows past nine bits."""
    codes: list[int] = []
    for at in range(0, len(data), 250):
        codes += [256, *data[at : at + 250]]
    bits = "".join(f"{code:09b}" for code in [*codes, 257])
    return int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8, "big")


def _file(entries: Sequence[tuple[int, str, Sequence[int]]], data: bytes, form: Form) -> bytes:
    order, at = form.order, (16 if form.is_big else 8) + len(data) + len(data) % 2
    mark = b"II" if order == "<" else b"MM"
    count, offset, inline = ("Q", "Q", 8) if form.is_big else ("H", "I", 4)
    head = mark + (struct.pack(order + "HHHQ", 43, 8, 0, at) if form.is_big else struct.pack(order + "HI", 42, at))
    table, values = struct.pack(order + count, len(entries)), b""
    values_at = at + len(table) + len(entries) * (4 + 2 * inline) + inline
    for tag, code, numbers in entries:
        packed = struct.pack(f"{order}{len(numbers)}{code.replace('Q', 'I')}", *numbers)
        kind = {"B": 7, "H": 3, "I": 4, "Q": 5}[code]
        table += struct.pack(order + "HH" + offset, tag, kind, len(numbers) // (2 if code == "Q" else 1))
        if len(packed) <= inline:
            table += packed.ljust(inline, b"\x00")
        else:
            table += struct.pack(order + offset, values_at + len(values))
            values += packed + bytes(len(packed) % 2)
    assert all(one[0] < other[0] for one, other in pairwise(entries)), "tags stand in order"
    return head + data + bytes(len(data) % 2) + table + bytes(inline) + values
