"""The profiles of our own, as a colour engine of others sees them."""

import io
import random

from PIL import Image, ImageCms

from image.write.cmyk import cmyk_profile
from image.write.srgb import srgb_profile
from tests.image.drawn import difference, page


def test_srgb():
    """LittleCMS reads the profile, and finds in it the sRGB it knows."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    assert len(srgb_profile()) == int.from_bytes(srgb_profile()[:4], "big")
    assert profile.profile.xcolor_space == "RGB "
    image = page("RGB")
    moved = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"))
    assert isinstance(moved, Image.Image)
    assert difference(image, moved) < 0.5


def test_cmyk():
    """LittleCMS finds the colours of the formula, (1 - ink)(1 - black), within two of 255, for any inks."""
    draw = random.Random(7)
    inks = [tuple(draw.choice((0, 255, draw.randrange(256))) for _ in range(4)) for _ in range(10_000)]
    image = Image.new("CMYK", (100, 100))
    image.putdata(inks)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(cmyk_profile()))
    shown = ImageCms.profileToProfile(
        image,
        profile,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
    )
    assert isinstance(shown, Image.Image)
    found = list(zip(*[iter(shown.tobytes())] * 3, strict=True))
    for (*ink, black), colour in zip(inks, found, strict=True):
        wanted = [(255 - part) * (255 - black) / 255 for part in ink]
        assert max(abs(one - other) for one, other in zip(wanted, colour, strict=True)) <= 2, (ink, black)


def test_the_same_every_time():
    """Two calls give the same bytes, since the PDF must not depend on when it is made."""
    assert srgb_profile() == srgb_profile()
    assert cmyk_profile() == cmyk_profile()
