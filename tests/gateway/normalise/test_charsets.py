import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.normalise.charsets import decode, guess


@pytest.mark.parametrize(
    ("raw", "hint", "expected"),
    [
        (b"Gr\xfc\xdfe", "", "Grüße"),
        ("Grüße".encode(), "latin-1", "Grüße"),
        (b"\xe9cole", "", "école"),
        ("会議室スキャン".encode("cp932"), "", "会議室スキャン"),
        ("扫描".encode("gb2312"), "", "扫描"),
        ("扫描".encode("gb2312"), "gbk", "扫描"),
        ("Скан".encode("koi8-r"), "koi8-r", "Скан"),
        (b"\x81", "", "\x81"),
        (b"ab", "no-such-charset", "ab"),
    ],
)
def test_what_bytes_most_likely_mean(raw, hint, expected):
    """Bytes without a charset are read as UTF-8, by the hint, as frequent Japanese or Chinese, else as Western."""
    assert guess(raw, hint) == expected


@given(
    st.binary(max_size=60), st.text(max_size=12) | st.sampled_from(["idna", "zip", "rot13", "utf-16", "utf-7", "hex"])
)
def test_any_bytes_are_a_text(raw, charset):
    """Whatever bytes claim whatever charset, they are a text."""
    assert isinstance(decode(raw, charset), str)
    assert isinstance(guess(raw, charset), str)
