"""Lossless pictures packed as PNG packs them."""

import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from image.codec.flate import BAND_ROWS, filtered_flate
from tests.image.drawn import saved
from tests.image.poppler import extracted
from tests.image.through_convert import LOSSLESS, converted, same_pixels


def noisy(mode: str) -> Image.Image:
    """A picture of many colours, higher than two bands."""
    bands = [Image.effect_noise((120, 2 * BAND_ROWS + 9), 60 + 5 * number) for number in range(3)]
    return bands[0] if mode == "L" else Image.merge("RGB", bands)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_pixel_is_kept(tmp_path: Path, mode: str):
    """Another renderer undoes the filter and sees every pixel, across the borders of the bands."""
    image = noisy(mode)
    document = converted(tmp_path, saved(image, "TIFF"), recipe=LOSSLESS)
    assert same_pixels(extracted(document.path)[0], image)
    assert b"/Predictor 15" in document.path.read_bytes()


def test_noise_packs_better_than_plain():
    """The filter is worth its byte a row: paper with the noise of a scanner takes clearly less than unfiltered."""
    paper = ImageChops.add(Image.linear_gradient("L").resize((512, 512)), Image.effect_noise((512, 512), 2), 1, -128)
    filtered = b"".join(filtered_flate(paper))
    assert len(filtered) < 0.95 * len(zlib.compress(paper.tobytes(), 6))
    assert len(zlib.decompress(filtered)) == 512 * 513
