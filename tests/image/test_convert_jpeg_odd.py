"""to_pdf on JPEGs that are put together in unusual ways."""

import io
from pathlib import Path

import pytest
from PIL import Image

from image.codec.jpeg_proof import is_complete_jpeg
from image.errors import ScanFault
from image.recipe import Recipe
from tests.image.drawn import SAME, difference, g4_entries, page, raw_tiff, saved
from tests.image.poppler import native, rendered
from tests.image.through_convert import JPEG, converted, refused, same_pixels

FRAME_AT = JPEG.index(b"\xff\xc0")
TABLE_AT = JPEG.index(b"\xff\xdb")


def with_height(data: bytes, height: int) -> bytes:
    """The JPEG with another height in its frame."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + height.to_bytes(2, "big") + data[at + 2 :]


def with_lines(data: bytes, lines: int) -> bytes:
    """The JPEG with its height behind the picture, as scanners with a feeder write it."""
    return with_height(data, 0)[:-2] + b"\xff\xdc\x00\x04" + lines.to_bytes(2, "big") + b"\xff\xd9"


def test_the_height_behind_the_picture(tmp_path: Path):
    """A height that only DNL tells is put where decoders look for it; nothing else changes."""
    document = converted(tmp_path, with_lines(JPEG, 234))
    assert document.pages[0].action == "rewrapped"
    assert native(document.path) == [JPEG]
    assert difference(rendered(document.path, 100), page()) < SAME


@pytest.mark.parametrize(
    "data", [with_height(JPEG, 0), with_lines(JPEG, 0), with_lines(JPEG, 234)[:-2], with_lines(JPEG, 234)[:-4]]
)
def test_no_height(tmp_path: Path, data: bytes):
    """Without a height, or cut off behind it, a JPEG is damaged."""
    assert refused(tmp_path, data) is ScanFault.DAMAGED


@pytest.mark.parametrize(
    "between",
    [
        b"\xff" * 20,  # filling before a marker (T.81 B.1.1.2)
        b"junk",
        b"\xff\xe2\x00\x0eICC_PROFILE\x00",
        b"\xff\xe2\x00\x10ICC_PROFILE\x00\x00\x00",
        b"\xff\xee\x00\x07Adobe",
    ],
)
def test_segments_that_stay(tmp_path: Path, between: bytes):
    """Filling, junk, and segments that decoders may look at are passed over, and stay."""
    data = JPEG[:TABLE_AT] + between + JPEG[TABLE_AT:]
    document = converted(tmp_path, data)
    assert data in document.path.read_bytes()
    assert difference(rendered(document.path, 100), page()) < SAME


@pytest.mark.parametrize(
    "between",
    [
        b"\xff\xe0\x00\x08JFXX\x00\x10",
        b"\xff\xe1\x00\x08Exif\x00\x00",
        b"\xff\xe1\x00\x10http://ns.adob",
        b"\xff\xe2\x00\x06FPXR",
        b"\xff\xe5\x00\x14not what you think",
        b"\xff\xed\x00\x10Photoshop 3.0\x00",
        b"\xff\xfe\x00\x02" * 3,
        b"\xff\xfe\x00\x08author",
    ],
)
def test_metadata_is_left_out(tmp_path: Path, between: bytes):
    """What tells of people and devices is left out of the JPEG, unless it is to be kept; its picture stays as it is."""
    data = JPEG[:TABLE_AT] + between + JPEG[TABLE_AT:]
    document = converted(tmp_path, data)
    assert document.pages[0].action == "passed"
    assert native(document.path) == [JPEG]
    assert data in converted(tmp_path, data, recipe=Recipe(is_metadata_kept=True)).path.read_bytes()


def test_the_turn_outlives_its_metadata(tmp_path: Path):
    """EXIF is left out only after the page was turned as it says, and the end of a cut file mended all the same."""
    tags = Image.Exif()
    tags[274], tags[271] = 6, "Maker of this device"
    data = saved(page(), "JPEG", dpi=(100, 100), quality=90, exif=tags)[:-2]
    document = converted(tmp_path, data)
    assert b"Maker of this device" not in document.path.read_bytes()
    assert native(document.path) == [JPEG]
    assert difference(rendered(document.path, 100), page().transpose(Image.Transpose.ROTATE_270)) < SAME


@pytest.mark.parametrize(
    "length", [b"\x00\x00", b"\x00\x01", b"\xff\xff"], ids=["none", "less than itself", "beyond the end"]
)
def test_lengths_that_lie(tmp_path: Path, length: bytes):
    """A segment whose length cannot be is damage."""
    data = JPEG[:TABLE_AT] + b"\xff\xe5" + length + JPEG[TABLE_AT:]
    assert refused(tmp_path, data) is ScanFault.DAMAGED


def test_a_length_over_the_frame(tmp_path: Path):
    """A segment that swallows the frame leaves a JPEG without one, which is damage."""
    data = JPEG[:TABLE_AT] + b"\xff\xe5" + (FRAME_AT - TABLE_AT + 10).to_bytes(2, "big") + JPEG[TABLE_AT:]
    assert refused(tmp_path, data) is ScanFault.DAMAGED


@pytest.mark.parametrize("options", [{"restart_marker_blocks": 1}, {"restart_marker_rows": 1}], ids=str)
def test_restart_markers(tmp_path: Path, options: dict[str, int]):
    """Restart markers belong to the picture data."""
    data = saved(page(), "JPEG", dpi=(100, 100), quality=90, **options)
    assert b"\xff\xd0" in data
    document = converted(tmp_path, data)
    assert data in document.path.read_bytes()
    assert difference(rendered(document.path, 100), page()) < SAME


@pytest.mark.parametrize("options", [{"restart_marker_blocks": 1}, {"restart_marker_rows": 1}, {}], ids=str)
def test_a_cut_anywhere(options: dict[str, int]):
    """Wherever a JPEG is cut, its missing rest is noticed: behind a restart, before one, and behind an FF too."""
    data = saved(page(width_px=64, height_px=80), "JPEG", quality=90, **options)
    assert is_complete_jpeg(data[:-2])
    assert is_complete_jpeg(data[:-1])
    start = data.index(b"\xff\xda") + 14
    assert [at for at in range(start, len(data) - 2) if is_complete_jpeg(data[:at])] == []


def test_ycck(tmp_path: Path):
    """Ink that is stored as luminance and chroma is passed, and shown in the colours another decoder gives it."""
    image = page("CMYK")
    *ink, black = image.split()
    stored = [
        band.point([255 - value for value in range(256)]) for band in Image.merge("RGB", ink).convert("YCbCr").split()
    ]
    data = saved(Image.merge("CMYK", (*stored, black)), "JPEG", dpi=(100, 100), quality=95)
    at = data.index(b"Adobe") + 11
    data = data[:at] + b"\x02" + data[at + 1 :]
    with Image.open(io.BytesIO(data)) as decoded:
        assert difference(decoded.convert("RGB"), image.convert("RGB")) < SAME / 2
    document = converted(tmp_path, data)
    assert document.pages[0].action == "passed"
    assert difference(rendered(document.path, 100), image.convert("RGB")) < SAME / 2


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_file_inside_a_tiff(tmp_path: Path, mode: str):
    """A strip that is a JPEG file, with JFIF and what a camera adds, is passed without what tells of devices."""
    tags = Image.Exif()
    tags[271] = "A scanner"
    jpeg = saved(page(mode), "JPEG", quality=90, exif=tags)
    entries = g4_entries(page(mode), len(jpeg), t259=7, t262=1 if mode == "L" else 6, t277=len(mode))
    entries = [(tag, kind, (8,) * len(mode) if tag == 258 else values) for tag, kind, values in entries]
    document = converted(tmp_path, raw_tiff([(entries, jpeg)]))
    assert (document.pages[0].action, document.notes) == ("rewrapped", ())
    (passed,) = native(document.path)
    assert b"A scanner" not in passed
    with Image.open(io.BytesIO(jpeg)) as before, Image.open(io.BytesIO(passed)) as after:
        assert same_pixels(before, after)
