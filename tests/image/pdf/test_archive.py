"""What may stand in PDF/A-2b, from plain values."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.pdf.archive import (
    PROFILE_HEAD_BYTES,
    Packed,
    box_breach,
    form_breach,
    group_breach,
    image_breach,
    space_breach,
    state_breach,
    stream_breach,
    value_breach,
)
from image.write.srgb import srgb_profile

IMAGE: dict[str, Any] = {
    "/Type": "/XObject",
    "/Subtype": "/Image",
    "/Width": 9,
    "/Height": 9,
    "/BitsPerComponent": 8,
    "/ColorSpace": "/DeviceRGB",
    "/Filter": "/DCTDecode",
    "/Length": 99,
}
SRGB = srgb_profile()


def profile(data: bytes = SRGB, channels: int = 3) -> list[Any]:
    """A colour space by profile."""
    return ["/ICCBased", Packed({"/N": channels}, data[:PROFILE_HEAD_BYTES], len(data))]


def patched(at: int, data: bytes) -> bytes:
    """The profile with other bytes at this place."""
    return SRGB[:at] + data + SRGB[at + len(data) :]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"/Interpolate": False},
        {"/ColorSpace": "/DeviceGray", "/BitsPerComponent": 1, "/Filter": "/CCITTFaxDecode"},
        {"/ColorSpace": ["/Indexed", "/DeviceRGB", 1, b"abcdef"]},
        {"/ColorSpace": ["/Indexed", profile(), 255, Packed({})]},
        {"/ColorSpace": profile()},
        {"/ColorSpace": ["/CalRGB", {"/WhitePoint": [1, 1, 1]}]},
        {"/ImageMask": True, "/ColorSpace": None, "/BitsPerComponent": 1},
        {"/Intent": "/Saturation", "/Name": "/Im"},
    ],
)
def test_a_scanned_image_may_stand(changed: dict[str, Any]):
    """What scanners write is no hindrance."""
    assert image_breach({**IMAGE, **changed}) == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"/Interpolate": True},
        {"/Intent": "/Bright"},
        {"/Alternates": []},
        {"/OPI": {}},
        {"/OC": {}},
        {"/SMaskInData": 1},
        {"/BitsPerComponent": 3},
        {"/BitsPerComponent": None},
        {"/ImageMask": True, "/BitsPerComponent": 8},
        {"/ColorSpace": None},
        {"/ColorSpace": "/DeviceCMYK"},
        {"/ColorSpace": ["/Indexed", "/DeviceCMYK", 1, b"abcdefgh"]},
        {"/ColorSpace": ["/Indexed", ["/Indexed", "/DeviceRGB", 1, b"abcdef"], 1, b"ab"]},
        {"/ColorSpace": ["/Separation", "/Gold", "/DeviceRGB", {}]},
        {"/ColorSpace": "/Cs7"},
        {"/ColorSpace": []},
        {"/ColorSpace": profile(SRGB[:100])},
        {"/ColorSpace": profile(SRGB[:200])},
        {"/ColorSpace": profile(channels=4)},
        {"/ColorSpace": profile(patched(8, b"\x05"))},
        {"/ColorSpace": profile(patched(12, b"link"))},
        {"/ColorSpace": profile(patched(36, b"xxxx"))},
    ],
)
def test_an_image_that_may_not(changed: dict[str, Any]):
    """Every rule that an image can break is seen (ISO 19005-2 6.2.4, 6.2.6, 6.2.8)."""
    assert image_breach({**IMAGE, **changed})


@pytest.mark.parametrize(
    ("filters", "may"),
    [
        (None, True),
        ("/FlateDecode", True),
        (["/ASCII85Decode", "/DCTDecode"], True),
        ("/JBIG2Decode", True),
        ("/LZWDecode", False),
        (["/FlateDecode", "/LZWDecode"], False),
        ("/Crypt", False),
        ("/JPXDecode", False),
        (7, False),
    ],
)
def test_how_data_may_be_packed(filters: object, may: bool):  # noqa: FBT001 -- a parameter
    """LZW and encryption may not be; JPEG 2000 has rules of its own (6.1.7.2)."""
    assert (stream_breach({} if filters is None else {"/Filter": filters}) == "") is may


@pytest.mark.parametrize(
    ("value", "may"),
    [
        (2**31 - 1, True),
        (2**31, False),
        (-(2**31) + 1, True),
        (Decimal("3.4e38"), True),
        (Decimal("1e39"), False),
        (Decimal("NaN"), False),
        ("/" + "n" * 127, True),
        ("/" + "n" * 128, False),
        ("/" + "\u00e4" * 64, False),
        ("/\udce4", True),
        (b"s" * 32767, True),
        (b"s" * 32768, False),
        (True, True),
        (None, True),
    ],
)
def test_limits_of_values(value: object, may: bool):  # noqa: FBT001 -- a parameter
    """Numbers, names and strings have their sizes (6.1.13)."""
    assert (value_breach(value) == "") is may


@pytest.mark.parametrize(
    ("state", "may"),
    [
        ({"/Type": "/ExtGState", "/BM": "/Normal", "/OPM": 1, "/TK": True}, True),
        ({"/ca": Decimal("0.5"), "/CA": 1, "/SMask": "/None"}, True),
        ({"/BM": "/Multiply"}, False),
        ({"/BM": ["/Normal"]}, False),
        ({"/SMask": {}}, False),
        ({"/TR": "/Identity"}, False),
        ({"/HT": {}}, False),
        ({"/OP": True}, False),
        ({"/RI": "/Bright"}, False),
        (7, False),
    ],
)
def test_graphics_states(state: object, may: bool):  # noqa: FBT001 -- a parameter
    """Plain blending only, no transfer functions or halftones (6.2.5, 6.2.10)."""
    assert (state_breach(state) == "") is may


@pytest.mark.parametrize(
    ("group", "may"),
    [
        (None, True),
        ({"/S": "/Transparency", "/CS": "/DeviceRGB"}, True),
        ({"/S": "/Transparency"}, True),
        ({"/S": "/Transparency", "/CS": "/DeviceCMYK"}, False),
        ({"/S": "/Other"}, False),
        ([], False),
    ],
)
def test_groups(group: object, may: bool):  # noqa: FBT001 -- a parameter
    """Transparency groups in colours the output intent covers."""
    assert (group_breach(group) == "") is may


def test_forms():
    """A form has its own resources, and nothing from other files."""
    form = {"/Type": "/XObject", "/Subtype": "/Form", "/BBox": [0, 0, 1, 1], "/Resources": {}, "/Length": 1}
    assert form_breach(form) == ""
    assert form_breach({**form, "/Ref": {}})
    assert form_breach({**form, "/OC": {}})
    assert form_breach({key: value for key, value in form.items() if key != "/Resources"})


@pytest.mark.parametrize(
    ("box", "may"), [((0, 0, 3, 14400), True), ((0, 0, 2, 9), False), ((9, 0, 0, 14401), False), ((5, 5, 1, 1), True)]
)
def test_boxes(box: tuple[float, float, float, float], may: bool):  # noqa: FBT001 -- a parameter
    """A page has sides of 3 to 14400 units."""
    assert (box_breach([box]) == "") is may


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.builds(Packed, st.just({})),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*IMAGE, "/N", "/S"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(values, st.dictionaries(st.sampled_from(sorted(IMAGE)), values))
def test_any_values(value: Any, entries: dict[str, Any]):
    """Whatever a value is, there is an answer."""
    of_values = [breach(value) for breach in (value_breach, space_breach, state_breach, group_breach)]
    of_entries = [breach(entries) for breach in (stream_breach, image_breach, form_breach)]
    assert all(isinstance(one, str) for one in of_values + of_entries)
