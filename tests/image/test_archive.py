"""The marks of an archive file."""

import io
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

from PIL import Image, ImageCms

from image.archive import srgb_profile, xmp_packet
from tests.image.drawn import difference, page


def test_the_profile_is_srgb():
    """A colour engine of others reads the profile, and finds in it the sRGB it knows."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    assert len(srgb_profile()) == int.from_bytes(srgb_profile()[:4], "big")
    assert profile.profile.xcolor_space == "RGB "
    image = page("RGB")
    moved = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"))
    assert isinstance(moved, Image.Image)
    assert difference(image, moved) < 0.5


def test_the_profile_is_the_same_every_time():
    """Two calls give the same bytes, since the PDF must not depend on when it is made."""
    assert srgb_profile() == srgb_profile()


def test_the_packet():
    """The packet is well-formed XML with producer and time, and claims PDF/A only when asked."""
    packet = xmp_packet(datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC), is_archive=True)
    text = "".join(ET.fromstring(packet).itertext())
    assert "scangate" in text
    assert "2026-11-23T09:02:57Z" in text
    assert b"pdfaid" in packet
    assert b"pdfaid" not in xmp_packet(datetime(2026, 11, 23, tzinfo=UTC), is_archive=False)
