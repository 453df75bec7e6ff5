"""Which ICC profiles are believed, and where they are found."""

import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageCms

from image.probe.icc import MAX_PROFILE_BYTES, ProfileSource, is_sane, read_profile
from image.reader import Span, reader_of
from image.write.cmyk import cmyk_profile
from image.write.srgb import srgb_profile

OTHERS = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("profile", [srgb_profile(), OTHERS], ids=["ours", "LittleCMS"])
def test_rgb_profiles(profile: bytes):
    """A profile is sane for its own number of colours only."""
    assert is_sane(profile, 3)
    assert not is_sane(profile, 1)
    assert not is_sane(profile, 4)
    assert is_sane(cmyk_profile(), 4)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, b"\x00\x00\x01\x00"),  # another size than it has
        (8, b"\x05"),  # version 5, which PDF/A-2 does not know
        (12, b"link"),
        (16, b"GRAY"),
        (20, b"HSV "),
        (36, b"ACSP"),
        (128, b"\x00\x00\x00\x00"),  # no tags
        (128, b"\xff\xff\xff\xff"),
        (136, b"\xff\xff\xff\x00"),  # a tag outside
        (136, b"\x00\x00\x00\x00"),  # a tag in the header
        (168, b"xXYZ"),  # without its red
    ],
)
def test_profiles_not_believed(at: int, value: bytes):
    """A profile that lies about itself is left out."""
    profile = srgb_profile()
    assert profile[168:172] == b"rXYZ"
    assert not is_sane(profile[:at] + value + profile[at + len(value) :], 3)


@given(st.binary(max_size=300), st.sampled_from([1, 3, 4]))
def test_any_bytes(data: bytes, channels: int):
    """Any bytes are a profile or none, without an error."""
    assert not is_sane(data, channels)
    assert is_sane(srgb_profile() + data, 3) is not bool(data)


def test_where_a_profile_stands():
    """Pieces are joined in order; a compressed profile is unpacked as far as a profile may be long, and whole."""
    packed = zlib.compress(srgb_profile())
    bomb = zlib.compress(bytes(MAX_PROFILE_BYTES + 1))
    reader = reader_of(io.BytesIO(b"bbaa" + packed + bomb))
    whole, large = Span(4, len(packed)), Span(4 + len(packed), len(bomb))
    assert read_profile(reader, ProfileSource((Span(2, 2), Span(0, 2)))) == b"aabb"
    assert read_profile(reader, ProfileSource((whole,), is_deflated=True)) == srgb_profile()
    assert read_profile(reader, ProfileSource((Span(4, 50),), is_deflated=True)) == b""
    assert read_profile(reader, ProfileSource((Span(0, 4),), is_deflated=True)) == b""
    assert read_profile(reader, ProfileSource((large,), is_deflated=True)) == b""
    assert read_profile(reader, ProfileSource((Span(0, MAX_PROFILE_BYTES + 1),))) == b""
    assert read_profile(reader, ProfileSource((Span(4, 10_000_000),))) == b""
