"""to_pdf on JPEG 2000, as another decoder and another renderer see it."""

import io
from pathlib import Path

import pytest
from PIL import Image

from image.errors import ScanFault
from image.write.cmyk import cmyk_profile
from image.write.srgb import srgb_profile
from tests.image.drawn import SAME, difference, page, saved
from tests.image.jp2 import CMYK, GREY, SRGB, box, by_number, by_profile, codestream, defined, jp2, resolution
from tests.image.poppler import extracted, rendered, unpacked
from tests.image.through_convert import LOSSLESS, converted, refused, same_pixels

RES = resolution(b"resc", 100, 100)
RGB_STREAM = codestream(page())


@pytest.mark.parametrize(("mode", "space"), [("L", GREY), ("RGB", SRGB), ("CMYK", CMYK)])
@pytest.mark.parametrize("options", [{}, {"irreversible": True}, {"tile_size": (100, 100)}], ids=str)
def test_the_codestream_is_passed(tmp_path: Path, mode: str, space: int, options: dict[str, object]):
    """Grey, RGB and CMYK go in as they are, in a wrapper of ours, and are shown as another decoder sees them."""
    stream = codestream(page(mode), **options)
    data = jp2(stream, by_number(space), RES, before=box(b"xml ", b"<device>"))
    document = converted(tmp_path, data)
    assert document.pages[0].action == "rewrapped"
    assert stream in document.path.read_bytes()
    assert b"<device>" not in document.path.read_bytes()
    assert b"pdfaid" in unpacked(document.path)
    with Image.open(io.BytesIO(data)) as decoded:
        assert difference(rendered(document.path, 100), decoded.convert("RGB")) < SAME
    assert (document.pages[0].width_pt, document.pages[0].height_pt) == pytest.approx((119.52, 168.48), abs=0.05)


@pytest.mark.parametrize(("mode", "components"), [("L", 1), ("RGB", 3)])
def test_a_bare_codestream_is_wrapped(tmp_path: Path, mode: str, components: int):
    """A codestream without boxes is grey or sRGB by its number of components."""
    stream = codestream(page(mode))
    document = converted(tmp_path, stream + b"junk")
    assert document.pages[0].action == "rewrapped"
    (found,) = extracted(document.path)
    assert same_pixels(found, page(mode))


@pytest.mark.parametrize("bits", [12, 16])
def test_deep_grey(tmp_path: Path, bits: int):
    """Samples of more than 8 bits stay, and are shown in their tones."""
    # The coder shifts samples by half their range: for 12 bits that is made up for in samples of 16.
    lift = (1 << 15) - (1 << bits >> 1)
    samples = [value * ((1 << bits) - 1) // 255 + lift for value in page("L").tobytes()]
    image = Image.frombytes("I;16", page().size, b"".join(value.to_bytes(2, "little") for value in samples))
    stream = bytearray(codestream(image))
    stream[42] = bits - 1
    document = converted(tmp_path, jp2(bytes(stream), by_number(GREY), RES))
    assert document.pages[0].action == "rewrapped"
    assert difference(rendered(document.path, 100), page("L")) < SAME


@pytest.mark.parametrize("cut", [RGB_STREAM[:-2], codestream(page(), tile_size=(100, 100))[:-2]], ids=["one", "tiles"])
def test_a_codestream_without_its_end_is_mended(tmp_path: Path, cut: bytes):
    """A codestream that lacks only EOC gets one, since renderers show nothing without."""
    document = converted(tmp_path, jp2(cut, by_number(SRGB), RES))
    assert cut + b"\xff\xd9" in document.path.read_bytes()
    (found,) = extracted(document.path)
    assert same_pixels(found, page())


@pytest.mark.parametrize("lost", [3, 20, 500, 5000, 8190])
def test_a_cut_file_is_damaged(tmp_path: Path, lost: int):
    """A file that lacks picture data is never passed, with or without its boxes."""
    assert refused(tmp_path, jp2(RGB_STREAM, by_number(SRGB))[:-lost]) is ScanFault.DAMAGED
    assert refused(tmp_path, jp2(RGB_STREAM[:-lost], by_number(SRGB))) is ScanFault.DAMAGED
    assert refused(tmp_path, RGB_STREAM[:-lost]) is ScanFault.DAMAGED


@pytest.mark.parametrize("mode", ["RGBA", "LA", "YCbCr"])
def test_what_readers_disagree_about_is_encoded(tmp_path: Path, mode: str):
    """Transparency becomes white and sYCC becomes RGB, both as another decoder sees them."""
    image = page(mode)
    if "A" in mode:
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    data = saved(image, "JPEG2000")
    document = converted(tmp_path, data, recipe=LOSSLESS)
    assert document.pages[0].action == "encoded"
    with Image.open(io.BytesIO(data)) as decoded:
        white = Image.new("RGBA", decoded.size, "white")
        wanted = Image.alpha_composite(white, decoded.convert("RGBA")).convert("RGB")
    (found,) = extracted(document.path)
    assert difference(found, wanted) < 1


def test_an_icc_profile_comes_along(tmp_path: Path):
    """A profile in the colour box explains the colours in the PDF."""
    profile = srgb_profile().replace(b"rXYZ", b"-XYZ").replace(b"bXYZ", b"rXYZ").replace(b"-XYZ", b"bXYZ")
    document = converted(tmp_path, jp2(RGB_STREAM, by_profile(profile), RES))
    assert profile in unpacked(document.path)
    swapped = Image.merge("RGB", page().split()[::-1])
    assert difference(rendered(document.path, 100), swapped) < SAME


@pytest.mark.parametrize(
    "boxes",
    [
        (),
        (by_number(14),),  # CIELab
        (by_number(GREY),),  # of three components
        (by_profile(cmyk_profile()),),
        (by_number(SRGB), defined((0, 0, 3), (1, 0, 2), (2, 0, 1))),
        (by_number(SRGB), box(b"pclr", bytes(20))),
    ],
)
def test_colours_nobody_can_tell(tmp_path: Path, boxes: tuple[bytes, ...]):
    """A picture whose colours are not told, or in a way nobody here knows, is refused instead of guessed at."""
    assert refused(tmp_path, jp2(RGB_STREAM, *boxes)) is ScanFault.UNSUPPORTED


@pytest.mark.parametrize(("at", "value"), [(42, 3), (42, 0x87), (43, 2)], ids=["4 bits", "signed", "subsampled"])
def test_samples_nobody_shows_right(tmp_path: Path, at: int, value: int):
    """Shallow, signed and subsampled components are refused: renderers show them in other tones or not at all."""
    stream = bytearray(codestream(page("L")))
    stream[at] = value
    assert refused(tmp_path, jp2(bytes(stream), by_number(GREY))) is ScanFault.UNSUPPORTED


def test_two_pictures_are_refused(tmp_path: Path):
    """A file of several codestreams is not made into one page with the rest left out."""
    data = jp2(RGB_STREAM, by_number(SRGB)) + box(b"jp2c", RGB_STREAM)
    assert refused(tmp_path, data) is ScanFault.UNSUPPORTED
