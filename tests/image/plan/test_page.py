"""What is done to each page."""

from dataclasses import replace

import pytest

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.picture import Coding, Colour
from image.plan.page import PageFacts, plan_page
from image.plan.step import Copy, Encode, Proof, Target
from image.probe.bmp import BmpPage
from image.probe.jpeg import JpegPage
from image.probe.png import PngPage
from image.probe.tiff import TiffPage
from image.reader import Span
from image.recipe import Recipe

LIMITS = Limits()
RECIPE = Recipe()
LOSSLESS = Recipe(colour="lossless")
STRIP = Span(100, 5000)
JPEG = JpegPage(
    span=Span(0, 5000),
    width_px=1000,
    height_px=1400,
    bits=8,
    component_ids=(1, 2, 3),
    is_progressive=False,
    is_one_pass=True,
    has_end=True,
    has_jfif=True,
    adobe_transform=None,
    orientation=1,
    dpi_x=100,
    dpi_y=100,
)
BARE_JPEG = replace(JPEG, has_jfif=False)
FAX = TiffPage(
    frame=0,
    directory_at=8,
    width_px=1728,
    height_px=1145,
    bits=1,
    samples=1,
    sample_format=1,
    compression=4,
    photometric=0,
    planar=1,
    fill_order=1,
    orientation=1,
    extra=(),
    ink_set=1,
    predictor=1,
    subsampling=(),
    t4_options=0,
    t6_options=0,
    chunk_width=1728,
    chunk_height=1145,
    is_tiled=False,
    is_little=True,
    dpi_x=204,
    dpi_y=98,
    strip=STRIP,
    jpeg=None,
    jpeg_tables=b"",
    profile=None,
)
RGB = replace(FAX, bits=8, samples=3, compression=5, photometric=2)
TIFF_JPEG = replace(RGB, compression=7, photometric=6, jpeg=BARE_JPEG, jpeg_tables=b"\xff\xd8TABLES\xff\xd9")
PNG = PngPage(
    width_px=1000,
    height_px=1400,
    bits=8,
    colour_type=2,
    is_interlaced=False,
    has_transparency=False,
    palette=b"",
    data=(STRIP,),
    orientation=1,
    dpi_x=100,
    dpi_y=100,
)
BMP = BmpPage(1000, 1400, 24, is_bilevel=False, dpi_x=100, dpi_y=100)


@pytest.mark.parametrize(
    ("page", "action", "coding", "colour"),
    [
        (JPEG, "passed", Coding.DCT, Colour.RGB),
        (replace(JPEG, component_ids=(1,)), "passed", Coding.DCT, Colour.GREY),
        (replace(JPEG, component_ids=(1, 2, 3, 4)), "passed", Coding.DCT, Colour.CMYK),
        (replace(BARE_JPEG, component_ids=(82, 71, 66)), "rewrapped", Coding.DCT, Colour.RGB),
        (FAX, "passed", Coding.G4, Colour.GREY),
        (replace(FAX, photometric=1), "passed", Coding.G4_BLACK_IS_1, Colour.GREY),
        (replace(FAX, compression=3), "passed", Coding.G3, Colour.GREY),
        (replace(FAX, compression=3, t4_options=5, photometric=1), "passed", Coding.G3_2D_BLACK_IS_1, Colour.GREY),
        (replace(FAX, compression=2), "passed", Coding.MH, Colour.GREY),
        (TIFF_JPEG, "rewrapped", Coding.DCT, Colour.RGB),
        (replace(TIFF_JPEG, jpeg=JPEG), "rewrapped", Coding.DCT, Colour.RGB),
        (replace(TIFF_JPEG, jpeg=replace(BARE_JPEG, adobe_transform=1)), "rewrapped", Coding.DCT, Colour.RGB),
        (
            replace(TIFF_JPEG, photometric=2, jpeg=replace(BARE_JPEG, adobe_transform=0)),
            "rewrapped",
            Coding.DCT,
            Colour.RGB,
        ),
        (
            replace(TIFF_JPEG, samples=1, photometric=1, jpeg=replace(BARE_JPEG, component_ids=(1,))),
            "rewrapped",
            Coding.DCT,
            Colour.GREY,
        ),
        (PNG, "rewrapped", Coding.FLATE_PNG, Colour.RGB),
        (replace(PNG, colour_type=0, bits=1), "rewrapped", Coding.FLATE_PNG, Colour.GREY),
        (replace(PNG, colour_type=3, palette=b"abc"), "rewrapped", Coding.FLATE_PNG, Colour.INDEXED),
    ],
)
def test_copied(page: PageFacts, action: str, coding: Coding, colour: Colour):
    """What PDF can carry is not decoded."""
    step = plan_page(page, LIMITS, RECIPE).step
    assert isinstance(step, Copy)
    assert (step.action, step.picture.coding, step.picture.colour) == (action, coding, colour)


@pytest.mark.parametrize(
    ("page", "target", "lossless"),
    [
        (replace(FAX, strip=None), Target.G4, Target.G4),
        (replace(FAX, compression=3, t4_options=2), Target.G4, Target.G4),
        (replace(FAX, compression=5), Target.G4, Target.G4),
        (replace(FAX, t6_options=2), Target.G4, Target.G4),
        (RGB, Target.JPEG, Target.FLATE),
        (replace(RGB, bits=16), Target.JPEG, Target.FLATE),
        (replace(RGB, samples=4, photometric=5), Target.JPEG, Target.FLATE),
        (replace(FAX, bits=1, photometric=3), Target.FLATE, Target.FLATE),
        (replace(FAX, bits=4, photometric=3, compression=5), Target.FLATE, Target.FLATE),
        (replace(FAX, bits=8, photometric=3, compression=5), Target.FLATE, Target.FLATE),
        (replace(TIFF_JPEG, jpeg=None), Target.JPEG, Target.FLATE),
        (
            replace(TIFF_JPEG, photometric=2, jpeg=JPEG),
            Target.JPEG,
            Target.FLATE,
        ),  # JFIF contradicts the TIFF's colours
        (replace(TIFF_JPEG, jpeg=replace(BARE_JPEG, adobe_transform=0)), Target.JPEG, Target.FLATE),
        (replace(TIFF_JPEG, jpeg=replace(JPEG, adobe_transform=0)), Target.JPEG, Target.FLATE),
        (replace(TIFF_JPEG, photometric=8), Target.JPEG, Target.FLATE),
        (replace(TIFF_JPEG, jpeg_tables=b"junk"), Target.JPEG, Target.FLATE),
        (replace(JPEG, adobe_transform=0), Target.JPEG, Target.JPEG),  # JFIF and Adobe contradict each other
        (replace(PNG, is_interlaced=True), Target.JPEG, Target.FLATE),
        (replace(PNG, has_transparency=True), Target.JPEG, Target.FLATE),
        (replace(PNG, bits=16), Target.JPEG, Target.FLATE),
        (replace(PNG, colour_type=3, bits=2, palette=b"abc", has_transparency=True), Target.FLATE, Target.FLATE),
        (BMP, Target.JPEG, Target.FLATE),
        (replace(BMP, bits=1, is_bilevel=True), Target.G4, Target.G4),
        (replace(BMP, bits=1), Target.FLATE, Target.FLATE),
        (replace(BMP, bits=4), Target.FLATE, Target.FLATE),
    ],
)
def test_encoded(page: PageFacts, target: Target, lossless: Target):
    """Bilevel becomes G4, a few colours stay exact, and the rest follows the setting."""
    for recipe, wanted in ((RECIPE, target), (LOSSLESS, lossless)):
        step = plan_page(page, LIMITS, recipe).step
        assert isinstance(step, Encode)
        assert step.target is wanted


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        (replace(FAX, compression=34676), ScanFault.UNSUPPORTED),
        (replace(FAX, bits=12), ScanFault.UNSUPPORTED),
        (replace(RGB, bits=17), ScanFault.UNSUPPORTED),
        (replace(RGB, bits=12, compression=7), ScanFault.UNSUPPORTED),
        (replace(RGB, bits=12, predictor=2), ScanFault.UNSUPPORTED),
        (replace(RGB, samples=2), ScanFault.UNSUPPORTED),
        (replace(RGB, samples=4, photometric=5, ink_set=2), ScanFault.UNSUPPORTED),
        (replace(FAX, bits=0), ScanFault.UNSUPPORTED),
        (replace(RGB, sample_format=3, bits=16), ScanFault.UNSUPPORTED),
        (replace(RGB, photometric=32803), ScanFault.UNSUPPORTED),
        (replace(JPEG, bits=12), ScanFault.UNSUPPORTED),
        (replace(JPEG, component_ids=(1, 2)), ScanFault.UNSUPPORTED),
        (replace(JPEG, has_end=False, is_one_pass=False), ScanFault.DAMAGED),
        (replace(RGB, width_px=9000, height_px=9000), ScanFault.TOO_LARGE),
    ],
)
def test_refused(page: PageFacts, fault: ScanFault):
    """What cannot be read, or would take too much memory to read, is refused before it is tried."""
    with pytest.raises(ScanError) as caught:
        plan_page(page, LIMITS, RECIPE)
    assert caught.value.fault is fault


def test_axes_and_turns():
    """The page has the size of the picture as shown: each axis by its own resolution, a quarter turn swaps them."""
    upright, turned = plan_page(FAX, LIMITS, RECIPE), plan_page(replace(FAX, orientation=6), LIMITS, RECIPE)
    assert (upright.width_pt, upright.height_pt) == pytest.approx((609.88, 841.22), abs=0.01)
    assert (turned.width_pt, turned.height_pt) == (upright.height_pt, upright.width_pt)
    assert (upright.orientation, turned.orientation) == (1, 6)


def test_a_decoded_tiff_is_turned_by_its_page():
    """A TIFF page that is decoded comes out as it lies in the file, and its page turns it."""
    plan = plan_page(replace(RGB, orientation=6), LIMITS, RECIPE)
    assert plan.orientation == 6
    assert isinstance(plan.step, Encode)
    assert (plan.step.width_px, plan.step.height_px) == (RGB.width_px, RGB.height_px)
    assert plan.width_pt > plan.height_pt


def test_bits_are_turned_only_for_fill_order_two():
    """FillOrder 2 asks for the bits of each byte to be reversed."""
    for order, reversed_bits in ((1, False), (2, True)):
        step = plan_page(replace(FAX, fill_order=order), LIMITS, RECIPE).step
        assert isinstance(step, Copy)
        assert step.is_bit_reversed is reversed_bits


def test_a_missing_end_is_mended_only_with_proof():
    """An EOI is added, and the picture data must then be proved complete."""
    step = plan_page(replace(JPEG, has_end=False), LIMITS, RECIPE).step
    assert isinstance(step, Copy)
    assert (step.parts, step.proof) == ((JPEG.span, b"\xff\xd9"), Proof.JPEG_IS_COMPLETE)


def test_only_adobes_cmyk_is_inverted():
    """CMYK with Adobe's marker is read the other way round; without it, it is not."""
    cmyk = replace(BARE_JPEG, component_ids=(1, 2, 3, 4))
    for marker, inverted in ((None, False), (0, True), (2, True)):
        step = plan_page(replace(cmyk, adobe_transform=marker), LIMITS, RECIPE).step
        assert isinstance(step, Copy)
        assert step.picture.is_inverted is inverted


def test_a_tiff_jpeg_says_its_colours_itself():
    """Tables go back in, and the colours the TIFF stated are stated in the JPEG's own way."""
    for photometric, transform in ((2, b"\x00"), (6, b"\x01")):
        step = plan_page(replace(TIFF_JPEG, photometric=photometric), LIMITS, RECIPE).step
        assert isinstance(step, Copy)
        head, body = step.parts
        assert head == b"\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + transform + b"TABLES"
        assert body == Span(STRIP.offset + 2, JPEG.span.size_bytes - 2)
