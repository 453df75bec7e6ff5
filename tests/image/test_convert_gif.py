"""GIFs by their blocks, and through to_pdf."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.probe.gif import MAX_BLOCKS, GifPage, probe_gif
from image.reader import reader_of
from tests.image.drawn import page, saved
from tests.image.gif import coded, gif
from tests.image.outcome import outcome
from tests.image.poppler import extracted, unpacked
from tests.image.through_convert import converted, refused, same_pixels

RED, GREEN, BLUE, WHITE = b"\xff\x00\x00", b"\x00\xff\x00", b"\x00\x00\xff", b"\xff\xff\xff"
COLOURS = RED + GREEN + BLUE
SMALL = gif(8, 8, COLOURS, bytes([0, 1, 2, 1] * 16))
MOVING = saved(page("P"), "GIF", save_all=True, append_images=[page("P").rotate(90), page("P").rotate(180)])


def probed(data: bytes, limits: Limits = Limits()) -> GifPage:  # noqa: B008 -- frozen
    """The picture of these bytes."""
    return probe_gif(reader_of(io.BytesIO(data)), limits)


def fault(data: bytes, limits: Limits = Limits()) -> ScanFault:  # noqa: B008 -- frozen
    """The kind of refusal of these bytes."""
    found = outcome(lambda: probed(data, limits))
    assert isinstance(found, ScanError), found
    return found.fault


@pytest.mark.parametrize("mode", ["L", "P", "1"])
@pytest.mark.parametrize("interlace", [0, 1])
def test_pixels_are_exact(tmp_path: Path, mode: str, interlace: int):
    """Grey, palette and bilevel pictures come out pixel by pixel, interlaced or not."""
    document = converted(tmp_path, saved(page(mode), "GIF", interlace=interlace))
    (found,) = extracted(document.path)
    assert same_pixels(found, page(mode))
    assert document.notes == ()


def test_black_and_white_becomes_g4(tmp_path: Path):
    """A GIF of black and white alone is coded as fax."""
    pixels = bytes([0, 1, 1, 0] * 16)
    for colours in (bytes(3) + WHITE, WHITE + bytes(3)):
        document = converted(tmp_path, gif(8, 8, colours, pixels))
        assert b"/CCITTFaxDecode" in unpacked(document.path)
        (found,) = extracted(document.path)
        wanted = Image.frombytes("L", (8, 8), bytes(colours[3 * pixel] for pixel in pixels))
        assert same_pixels(found, wanted)


def test_colours_of_the_picture_itself(tmp_path: Path):
    """The picture's own colours count before those of the file."""
    document = converted(tmp_path, gif(8, 8, COLOURS, bytes(64), local=BLUE + GREEN))
    (found,) = extracted(document.path)
    assert found.convert("RGB").tobytes() == BLUE * 64


def test_transparent_is_white(tmp_path: Path):
    """Transparent pixels are shown white, the others in their colours."""
    document = converted(tmp_path, gif(8, 8, COLOURS, bytes([0, 1] * 32), control=b"\x01\x00\x00\x01"))
    (found,) = extracted(document.path)
    assert found.convert("RGB").tobytes() == (RED + WHITE) * 32


@pytest.mark.parametrize(
    ("place", "pixels", "size"), [((2, 2, 4, 4), 16, (8, 8)), ((4, 4, 8, 8), 64, (12, 12))], ids=["inside", "beyond"]
)
def test_a_picture_on_a_screen(tmp_path: Path, place: tuple[int, int, int, int], pixels: int, size: tuple[int, int]):
    """A picture stands in its place on the screen, and the screen reaches as far as the picture."""
    document = converted(tmp_path, gif(8, 8, COLOURS, b"\x02" * pixels, place))
    (found,) = extracted(document.path)
    assert found.size == size
    shown = found.convert("RGB").crop((place[0], place[1], place[0] + place[2], place[1] + place[3]))
    assert shown.tobytes() == BLUE * pixels


def test_an_animation(tmp_path: Path):
    """Of an animation the first picture is shown, and the reader of the mail is told of the others."""
    document = converted(tmp_path, MOVING)
    assert document.notes == ("The file was an animation of 3 pictures; only the first is in the PDF.",)
    (found,) = extracted(document.path)
    assert same_pixels(found, page("P"))


def test_damage_behind_the_first_picture():
    """Later pictures that are cut off are counted; a missing trailer or junk is not one."""
    assert probed(MOVING[:-30]).pictures == 3
    assert probed(SMALL[:-1]).pictures == 1
    assert probed(SMALL + b"junk").pictures == 1
    assert probed(SMALL[:-1] + b"\x00junk").pictures == 1


@pytest.mark.parametrize("lost", [2, 3, 10, 40])
def test_a_cut_gif_is_damaged(tmp_path: Path, lost: int):
    """A GIF that lacks data of its picture is never shown with a blank rest."""
    assert refused(tmp_path, SMALL[:-lost]) is ScanFault.DAMAGED


@pytest.mark.parametrize("count", [0, 1, 32, 63])
def test_too_few_pixels_are_damage(tmp_path: Path, count: int):
    """Data that ends properly, but before the last pixel, is damaged too."""
    assert refused(tmp_path, gif(8, 8, COLOURS, bytes(count))) is ScanFault.DAMAGED


@pytest.mark.parametrize(
    "data",
    [
        SMALL[:5],
        SMALL[:20],
        b"GIF89a" + bytes(20),
        SMALL[:25] + b";",
        gif(0, 0, COLOURS, b""),
        SMALL.replace(coded(bytes([0, 1, 2, 1] * 16)), b"\x08\x00"),
    ],
)
def test_damage(data: bytes):
    """What makes no sense, or holds no picture, is damaged."""
    assert fault(data) is ScanFault.DAMAGED


def test_limits():
    """Pixels and blocks are limited before anything is decoded."""
    assert fault(SMALL, Limits(pixels=63)) is ScanFault.TOO_LARGE
    assert fault(gif(9, 9, COLOURS, b"", (65000, 65000, 500, 500))) is ScanFault.TOO_LARGE
    endless = SMALL[:25] + b"!\xfe" + b"\x01\x00" * (MAX_BLOCKS + 1)
    assert fault(endless) is ScanFault.DAMAGED


@given(
    st.sampled_from([SMALL, MOVING]),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=5),
    st.integers(0, 4000),
)
def test_any_damage(seed: bytes, changes: list[tuple[int, int]], keep: int):
    """Damage anywhere gives the facts or a ScanError, and an end."""
    data = bytearray(seed)
    for at, value in changes:
        data[at % len(data)] = value
    outcome(lambda: probed(bytes(data[: max(6, keep % (len(data) + 1))])))
