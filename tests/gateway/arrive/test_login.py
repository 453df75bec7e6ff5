import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.smtp import Smtp
from gateway.arrive.login import Digest, Password, decoded, digest_of, fault_of, plain_of
from tests.conf.given import made


def rule(login: str = "required", password: str | None = "Abc123", user: str | None = "printer1") -> Smtp:
    """A listener with this login."""
    return made(
        Smtp,
        {"listen": "127.0.0.1:0", "clients": ["127.0.0.1"], "recipients": ["contoso.com"]}
        | {"login": login, "user": user, "password": password},
    )


@given(st.binary(max_size=60), st.booleans(), st.sampled_from([b"", b" ", b"\r\n", b"\t"]))
def test_base64_is_read_however_it_is_written(secret, is_padded, space):
    """With or without padding, with spaces and line ends anywhere, base64 holds what was put in."""
    written = base64.b64encode(secret)
    if not is_padded:
        written = written.rstrip(b"=")
    spaced = space.join(written[start : start + 5] for start in range(0, len(written), 5))
    assert decoded(space + spaced + space) == secret


@pytest.mark.parametrize(
    ("text", "held"),
    [
        (b"=", b""),
        (b"", b""),
        (b"A", None),
        (b"*", None),
        (b"ab?d", None),
        (b"YQ=", b"a"),
        (b"YQ===", b"a"),
        (b"\xff", None),
    ],
)
def test_what_is_no_base64_is_told(text, held):
    """A lone = is the empty answer; too little or too much padding does not matter; anything else is none."""
    assert decoded(text) == held


@given(st.binary(max_size=100))
def test_any_answer_is_read(text):
    """No answer is too odd: it is decoded, taken apart and judged, or refused."""
    held = decoded(text)
    for given_ in (plain_of(held or text), digest_of(b"challenge", held or text)):
        assert given_ is None or fault_of(rule(), given_) in {
            "the user name is not that of the listener",
            "the password is wrong",
        }


@pytest.mark.parametrize(
    ("answer", "given_"),
    [
        (b"\0u\0p", Password(b"u", b"p")),
        (b"z\0u\0p", Password(b"u", b"p")),
        (b"u\0p", Password(b"u", b"p")),
        (b"up", None),
        (b"a\0b\0c\0d", None),
    ],
)
def test_plain_is_taken_apart(answer, given_):
    """The identity to act as may be there, empty or left out."""
    assert plain_of(answer) == given_


@pytest.mark.parametrize(
    ("given_", "fault"),
    [
        (Password(b"printer1", b"Abc123"), ""),
        (Password(b"PRINTER1", b"Abc123"), ""),
        (Password(b"printer1", b"abc123"), "the password is wrong"),
        (Password(b"printer1", b""), "the password is wrong"),
        (Password(b"printer2", b"Abc123"), "the user name is not that of the listener"),
        (Password(b"\xff", b"\xff"), "the user name is not that of the listener"),
    ],
)
def test_a_password_is_judged(given_, fault):
    """The case of the name does not matter, that of the password does; the log says which of the two was wrong."""
    assert fault_of(rule(), given_) == fault
    assert fault_of(rule("optional"), given_) == fault
    assert fault_of(rule("any", None, None), given_) == ""


@pytest.mark.parametrize("spelt", ["Schlüssel".encode(), "Schlüssel".encode("latin-1")])
def test_a_password_beyond_ascii_is_known_in_both_spellings(spelt):
    """Case 38: a panel may send UTF-8 or Latin-1; both are the password, in PLAIN, LOGIN and CRAM-MD5."""
    listener = rule(password="Schlüssel")
    assert fault_of(listener, Password(b"printer1", spelt)) == ""
    digest = hmac.digest(spelt, b"<1@x>", "md5").hex().encode()
    assert fault_of(listener, Digest(b"printer1", b"<1@x>", digest)) == ""


def test_cram_md5_is_that_of_its_rfc():
    """The example of RFC 2195 section 2 is right for us too, in capitals as well, and for no other challenge."""
    listener = rule(user="tim", password="tanstaaftanstaaf")
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    given_ = digest_of(challenge, b"tim b913a602c7eda7a495b4e6e7334d3890")
    assert given_ is not None
    assert fault_of(listener, given_) == ""
    capitals = digest_of(challenge, b"TIM B913A602C7EDA7A495B4E6E7334D3890")
    assert capitals is not None
    assert fault_of(listener, capitals) == ""
    assert fault_of(listener, Digest(b"tim", b"<other>", given_.digest)) == "the password is wrong"
    assert digest_of(challenge, b"nothing") is None
