"""Large pictures that are encoded band by band: the same pixels as if they had been encoded as a whole."""

import io
from pathlib import Path

import pytest
from PIL import Image

from image.codec import frames as raster
from image.codec.few_colours import has_many
from image.codec.jpeg_bands import BAND_ROWS, can_be_banded, even_bands, joined
from tests.image.drawn import page, saved
from tests.image.heavy import photo
from tests.image.poppler import extracted, native
from tests.image.through_convert import LOSSLESS, RECIPE, converted


def save(image: Image.Image, file: io.BytesIO) -> None:
    """As the encoder does."""
    image.save(file, "JPEG", quality=80)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("height_px", [1, 255, 256, 257, 700, 11 * 256 + 9])
def test_the_pixels_are_those_of_one_jpeg(mode: str, height_px: int):
    """Whatever the height, restarts beyond the eighth too, a decoder sees what it sees in a JPEG made at once."""
    image = photo(width_px=333).resize((333, height_px)).convert(mode)
    pieces = [image.crop((0, top, 333, min(top + 100, height_px))) for top in range(0, height_px, 100)]
    data = b"".join(joined(even_bands(pieces), height_px, save))
    found = Image.open(io.BytesIO(data))
    assert (found.size, found.mode) == (image.size, mode)
    assert found.tobytes() == Image.open(io.BytesIO(saved(image, "JPEG", quality=80))).tobytes()


def test_bands_are_even():
    """Pieces of any height become bands of one, and no row is lost."""
    image = page("L", 50, 3 * BAND_ROWS + 1)
    for rows in (1, 100, 256, 300, 1000):
        pieces = [image.crop((0, top, 50, min(top + rows, image.height))) for top in range(0, image.height, rows)]
        bands = list(even_bands(pieces))
        assert [band.height for band in bands] == [BAND_ROWS] * 3 + [1]
        assert b"".join(band.tobytes() for band in bands) == image.tobytes()


@pytest.mark.parametrize(
    ("mode", "width_px", "can"), [("L", 16_376, True), ("L", 16_384, False), ("RGB", 65_500, True)]
)
def test_too_wide_for_bands(mode: str, width_px: int, *, can: bool):
    """The blocks between two restarts are told in sixteen bits (T.81 B.2.4.4)."""
    assert can_be_banded(width_px, mode) is can


def test_colours_are_counted_over_all_bands():
    """A drawing is one when all its bands together have few colours."""
    plain = [Image.new("RGB", (10, 10), (shade, 0, 0)) for shade in range(256)]
    assert not has_many(plain)
    assert has_many([*plain, Image.new("RGB", (10, 10), "blue")])
    assert not has_many(Image.new("L", (10, 10), shade) for shade in range(16))
    assert has_many(Image.new("L", (10, 10), shade) for shade in range(17))
    assert has_many([photo()])


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK"])
def test_an_uncompressed_tiff_in_bands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str):
    """A large uncompressed page gives the picture that it gives as a whole."""
    tiff = saved(photo(mode=mode), "TIFF", dpi=(300, 300))
    shown = set()
    for limit, is_banded in ((10**9, False), (0, True)):
        monkeypatch.setattr(raster, "_LARGE_PX", limit)
        document = converted(tmp_path, tiff)
        # The marker that defines the restarts (T.81 B.2.4.4).
        assert (b"\xff\xdd" in native(document.path)[0]) is is_banded
        shown.add(extracted(document.path)[0].tobytes())
    assert len(shown) == 1


def test_what_is_no_photograph_stays_exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A drawing in colours, and colour that is to be lossless, are not made JPEGs for their size."""
    monkeypatch.setattr(raster, "_LARGE_PX", 0)
    drawing = page("P").convert("RGB")
    for image, recipe in ((drawing, RECIPE), (photo(), LOSSLESS)):
        document = converted(tmp_path, saved(image, "TIFF"), recipe=recipe)
        assert extracted(document.path)[0].convert("RGB").tobytes() == image.tobytes()
