import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.arrive.handshake import failure, is_client_hello


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x00",
        b"\x16\x03\x01\x00\xa5\x01",
        b"\x16\x03\x03\x02",
        b"\x80\x2e\x01\x00\x02\x00\x15",
        b"\x80\x67\x01\x03\x01\x00\x4e",
    ],
)
def test_a_hello_is_recognised(data):
    """SSL 3.0, every TLS, and the hello in the manner of SSLv2 that devices of 2005 send."""
    assert is_client_hello(data)


@given(st.text(st.characters(max_codepoint=0x7F)).map(str.encode) | st.binary(max_size=4).map(b"EHLO ".__add__))
def test_no_command_is_a_hello(data):
    """Text is never taken for TLS, whatever it says."""
    assert is_client_hello(data) == data.startswith(b"\x16\x03")


@given(st.binary(max_size=20))
def test_any_bytes_are_judged(data):
    """Any bytes, few or many, get an answer; high bytes alone are no hello."""
    assert is_client_hello(data) in {True, False}
    assert not is_client_hello(b"\xfc\xfc\xfc" + data)


@pytest.mark.parametrize(
    ("reason", "mend", "mend_when_legacy"),
    [
        ("UNSUPPORTED_PROTOCOL", "set legacy_tls = true", 'tls = "off"'),
        ("NO_SHARED_CIPHER", "set legacy_tls = true", 'tls = "off"'),
        ("HTTP_REQUEST", "turn SSL/TLS on", "turn SSL/TLS on"),
        ("WRONG_VERSION_NUMBER", "turn SSL/TLS on", "turn SSL/TLS on"),
        ("TLSV1_ALERT_UNKNOWN_CA", "certificate_file", "certificate_file"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "certificate_file", "certificate_file"),
        ("SOMETHING_ELSE", "(something else)", "(something else)"),
        ("", "(no reason given)", "(no reason given)"),
    ],
)
def test_a_failure_names_its_mend(reason, mend, mend_when_legacy):
    """What OpenSSL says becomes a sentence with what to do at the panel or here."""
    assert mend in failure(reason, is_legacy=False)
    assert mend_when_legacy in failure(reason, is_legacy=True)
