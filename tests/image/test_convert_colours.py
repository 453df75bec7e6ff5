"""to_pdf on pictures that explain their colours."""

import io
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from image.document import Document
from image.probe.icc import D50, assembled, xyz
from image.recipe import Recipe
from image.write.cmyk import cmyk_profile
from image.write.srgb import srgb_profile
from tests.image.drawn import SAME, difference, page, saved
from tests.image.poppler import rendered, unpacked
from tests.image.through_convert import LOSSLESS, RECIPE, converted


def swapped() -> bytes:
    """A profile whose red is blue and whose blue is red, so that it is seen whether it is used."""
    profile = srgb_profile()
    assert profile.count(b"rXYZ") == profile.count(b"bXYZ") == 1
    return profile.replace(b"rXYZ", b"-XYZ").replace(b"bXYZ", b"rXYZ").replace(b"-XYZ", b"bXYZ")


PAGE = page()
ImageDraw.Draw(PAGE).rectangle((40, 70, 140, 200), fill=(255, 120, 0))
SWAPPED = Image.merge("RGB", PAGE.split()[::-1])


def shown(document: Document) -> Image.Image:
    """The page at the resolution of the source."""
    return rendered(document.path, 72 * PAGE.width / document.pages[0].width_pt)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_profile_comes_along(tmp_path: Path, form: str):
    """The profile of a JPEG or PNG explains the colours in the PDF, whose picture is not encoded anew."""
    document = converted(tmp_path, saved(PAGE, form, dpi=(100, 100), icc_profile=swapped()))
    assert document.pages[0].action in {"passed", "rewrapped"}
    assert difference(shown(document), SWAPPED) < SAME
    assert difference(shown(document), PAGE) > SAME


@pytest.mark.parametrize("options", [{"compression": "tiff_lzw"}, {"compression": "jpeg", "strip_size": 1 << 30}])
@pytest.mark.parametrize("recipe", [LOSSLESS, RECIPE])
def test_a_profile_of_a_tiff(tmp_path: Path, options: dict[str, object], recipe: Recipe):
    """The profile of a TIFF's page comes along whether its picture is encoded or passed."""
    document = converted(tmp_path, saved(PAGE, "TIFF", dpi=(100, 100), icc_profile=swapped(), **options), recipe=recipe)
    assert difference(shown(document), SWAPPED) < SAME


def test_a_profile_that_is_not_true_any_more(tmp_path: Path):
    """Colours that had to be converted are shown without the profile of what they were."""
    ink = PAGE.convert("CMYK")
    plain = converted(tmp_path, saved(ink, "TIFF", dpi=(100, 100)))
    before = shown(plain)
    after = converted(tmp_path, saved(ink, "TIFF", dpi=(100, 100), icc_profile=swapped()))
    assert difference(shown(after), before) < SAME


def test_a_profile_of_an_encoded_page(tmp_path: Path):
    """A page that has to be encoded keeps its profile."""
    data = saved(PAGE.convert("RGBA"), "PNG", dpi=(100, 100), icc_profile=swapped())
    for recipe in (LOSSLESS, RECIPE):
        document = converted(tmp_path, data, recipe=recipe)
        assert document.pages[0].action == "encoded"
        assert difference(shown(document), SWAPPED) < SAME


def test_a_long_profile(tmp_path: Path):
    """A profile that takes several segments of a JPEG is put together again, and stands in the file once."""
    profile = swapped() + bytes(150_000)
    profile = len(profile).to_bytes(4, "big") + profile[4:]
    data = saved(PAGE, "JPEG", dpi=(100, 100), icc_profile=profile)
    assert data.count(b"ICC_PROFILE\x00") == 3
    document = converted(tmp_path, data, data)
    assert unpacked(document.path).count(profile) == 1
    assert difference(shown(document), SWAPPED) < SAME
    missing = data.replace(b"ICC_PROFILE\x00\x02", b"ICC_PROFILE\x00\x03")
    assert difference(shown(converted(tmp_path, missing)), PAGE) < SAME


@pytest.mark.parametrize(
    ("mode", "profile"),
    [("L", swapped()), ("RGB", cmyk_profile()), ("RGB", swapped()[:-1]), ("RGB", b"no profile"), ("1", swapped())],
)
def test_a_profile_of_something_else(tmp_path: Path, mode: str, profile: bytes):
    """A profile that is broken or of other colours is left out, and the page shown as without."""
    document = converted(tmp_path, saved(page(mode), "PNG", dpi=(100, 100), icc_profile=profile))
    assert b"/ICCBased" not in unpacked(document.path)
    assert difference(shown(document), page(mode)) < SAME


def test_a_profile_bomb_in_a_png(tmp_path: Path):
    """A profile that unpacks to a hundred megabytes is left out."""
    data = saved(PAGE, "PNG", dpi=(100, 100))
    body = b"bomb\x00\x00" + zlib.compress(bytes(100_000_000), 9)
    chunk = len(body).to_bytes(4, "big") + b"iCCP" + body + zlib.crc32(b"iCCP" + body).to_bytes(4, "big")
    document = converted(tmp_path, data[:33] + chunk + data[33:])
    assert difference(shown(document), PAGE) < SAME


@pytest.mark.parametrize("progressive", [False, True])
def test_cmyk_jpeg(tmp_path: Path, *, progressive: bool):
    """A CMYK JPEG is passed, archived, and shown in the colours another decoder gives it."""
    image = page("CMYK")
    data = saved(image, "JPEG", dpi=(100, 100), quality=95, progressive=progressive)
    document = converted(tmp_path, data)
    assert document.pages[0].action == "passed"
    assert b"pdfaid" in unpacked(document.path)
    assert difference(shown(document), Image.open(io.BytesIO(data)).convert("RGB")) < SAME / 2


def test_cmyk_jpeg_with_its_own_profile(tmp_path: Path):
    """A CMYK JPEG keeps its own profile."""
    profile = cmyk_profile().replace("Plain CMYK".encode("utf-16-be"), "Other CMYK".encode("utf-16-be"))
    document = converted(tmp_path, saved(page("CMYK"), "JPEG", icc_profile=profile))
    assert profile in unpacked(document.path)
    assert cmyk_profile() not in unpacked(document.path)


def test_rgb_by_letters(tmp_path: Path):
    """A JPEG of red, green and blue without transformation is shown in its colours."""
    document = converted(tmp_path, saved(PAGE, "JPEG", quality=95, keep_rgb=True))
    assert document.pages[0].action == "passed"
    assert difference(shown(document), PAGE) < SAME


def test_grey_profile(tmp_path: Path):
    """A grey picture is explained by a grey profile: here one that is darker."""
    curve = b"curv" + bytes(4) + (1).to_bytes(4, "big") + (3 * 256).to_bytes(2, "big")
    grey = assembled(0x02100000, 0, b"mntrGRAYXYZ ", [(b"desc", bytes(120)), (b"wtpt", xyz(D50)), (b"kTRC", curve)])
    image = Image.new("L", PAGE.size, 128)
    document = converted(tmp_path, saved(image, "PNG", dpi=(100, 100), icc_profile=grey))
    assert max(shown(document).convert("L").tobytes()) < 115
