"""Pages drawn for the tests: unlike in every corner and turn, small, and the same every time."""

import io
import struct
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageStat


def page(mode: str = "RGB", width_px: int = 166, height_px: int = 234) -> Image.Image:
    """A page with a different mark in each corner."""
    image = Image.new("RGB", (width_px, height_px), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((8, 8, 60, 40), fill=(0, 0, 0))
    draw.ellipse((width_px - 50, 10, width_px - 10, 50), fill=(200, 30, 30))
    draw.rectangle((10, height_px - 70, 30, height_px - 10), fill=(20, 120, 40))
    for row in range(60, height_px - 80, 12):
        draw.line((20, row, width_px - 20 - row // 2, row), fill=(40, 40, 160), width=3)
    return image.convert("1", dither=Image.Dither.NONE) if mode == "1" else image.convert(mode)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """The image as a file of ``form``."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def tiff(path: Path, images: Sequence[Image.Image], **options: object) -> Path:
    """A TIFF of these pages."""
    first, *rest = images
    first.save(path, "TIFF", save_all=True, append_images=rest, **options)
    return path


SAME = 10.0
"""Below this ``difference`` two pictures show the same: poppler's edges give up to 7, a wrong turn over 30."""


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures of (nearly) one size, from 0 (same) to 255.

    Both are looked at from some distance: a renderer may place an edge half a pixel off.
    """
    size = (min(one.width, other.width) // 4, min(one.height, other.height) // 4)
    assert abs(one.width - other.width) <= 2, (one.size, other.size)
    assert abs(one.height - other.height) <= 2, (one.size, other.size)
    pair = [image.convert("RGB").resize(size, Image.Resampling.BOX) for image in (one, other)]
    return sum(ImageStat.Stat(ImageChops.difference(*pair)).mean) / 3


def furthest(one: Image.Image, other: Image.Image) -> int:
    """The greatest difference of any red, green or blue."""
    assert one.size == other.size
    found = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return max(value % 256 for value, count in enumerate(found.histogram()) if count)


Entry = tuple[int, int, tuple[int, ...]]
"""Tag, field type (3 short, 4 long, 5 rational as pairs), values."""

_CODES = {1: "B", 3: "H", 4: "I", 5: "I", 7: "B"}


def raw_tiff(pages: Sequence[tuple[Sequence[Entry], bytes]], order: str = "<", last_next: int = 0) -> bytes:
    """A TIFF written by hand: each page's entries (offsets of its data are filled in where 273 stands) and its data."""
    out = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 0))
    link = 4
    for entries, data in pages:
        data_at = len(out)
        out += data + bytes(len(data) % 2)
        long_values: dict[int, int] = {}
        for tag, kind, values in entries:
            packed = struct.pack(f"{order}{len(values)}{_CODES[kind]}", *values)
            if len(packed) > 4:
                long_values[tag] = len(out)
                out += packed + bytes(len(packed) % 2)
        struct.pack_into(order + "I", out, link, len(out))
        out += struct.pack(order + "H", len(entries))
        for tag, kind, values in entries:
            shown = (data_at,) if tag == 273 and values == (0,) else values
            count = len(values) // 2 if kind == 5 else len(values)
            out += struct.pack(order + "HHI", tag, kind, count)
            if tag in long_values:
                out += struct.pack(order + "I", long_values[tag])
            else:
                out += struct.pack(f"{order}{len(shown)}{_CODES[kind]}", *shown).ljust(4, b"\x00")
        link = len(out)
        out += struct.pack(order + "I", last_next)
    return bytes(out)


def g4_strip(image: Image.Image) -> bytes:
    """The G4 data of a bilevel image, in one strip, as libtiff writes it (BlackIsZero)."""
    with Image.open(io.BytesIO(saved(image, "TIFF", compression="group4", strip_size=1 << 30))) as made:
        (offset,), (size,) = made.tag_v2[273], made.tag_v2[279]  # type: ignore[attr-defined]
    return saved(image, "TIFF", compression="group4", strip_size=1 << 30)[offset : offset + size]


def g4_entries(image: Image.Image, size_bytes: int, **changed: int) -> list[Entry]:
    """The entries of a one-strip G4 page of 100 dpi; ``changed`` sets single values by tag (``t266=2``)."""
    entries: dict[int, Entry] = {
        256: (256, 4, (image.width,)),
        257: (257, 4, (image.height,)),
        258: (258, 3, (1,)),
        259: (259, 3, (4,)),
        262: (262, 3, (1,)),
        273: (273, 4, (0,)),
        277: (277, 3, (1,)),
        278: (278, 4, (image.height,)),
        279: (279, 4, (size_bytes,)),
        282: (282, 5, (100, 1)),
        283: (283, 5, (100, 1)),
    }
    for name, value in changed.items():
        tag = int(name[1:])
        entries[tag] = (tag, 4, (value,))
    return [entries[tag] for tag in sorted(entries)]
