from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf import spelling
from conf.validation import Refused, validated

CHECKED: list[tuple[Any, list[str], list[str]]] = [
    (
        spelling.MailAddress,
        ["office@contoso.com", "a.b+c@x-y.example", "o'neil@contoso.com", "x@localhost"],
        ["", "office", "@contoso.com", "a@", "a b@c.d", ".a@b.c", "a.@b.c", "a..b@c.d", "a@b..c", "a@-b.c", "a@b.c\n",
         "a@b@c.d", "Büro@contoso.com", "<a@b.c>", "a@[127.0.0.1]", "a" * 65 + "@b.c", "a@" + "b." * 130 + "c"],
    ),
    (spelling.MailDomain, ["contoso.com", "xn--bro-hoa.example", "a"],
     ["", ".", "a..b", "-a", "a_b", "a@b.c", "a b", "a:25"]),
    (spelling.HostName, ["smtp.office365.com", "127.0.0.1"], ["", "smtp.office365.com:587", "http://x", "a b", "x."]),
    (spelling.DomainOrAddress, ["contoso.com", "office@contoso.com"], ["", "@contoso.com", "*.contoso.com", "a@b@c"]),
    (spelling.TableName, ["a", "printer-1_x", "0"], ["", "A", "-a", "a b", "ü", "a" * 33, "../x", "a\n"]),
    (spelling.Network, ["192.168.1.40", "192.168.1.40/24", "::1/128", "10.0.0.0/8"],
     ["", "192.168.1", "x", "1.2.3.4/33"]),
    (spelling.Listen, ["0.0.0.0:25", "[::]:25", "localhost:0", "box.lan:65535"],
     ["", "25", ":25", "0.0.0.0", "0.0.0.0:65536", "::1:25", "[x]:25", "[1.2.3.4]:25",
      "999.1.1.1:25", "1.2.3:25", "a b:1"]),
    (spelling.FilePath, ["/a/b", "a b", "credential:x"], ["", "  ", "/a\x00b", "/a\nb"]),
    (spelling.Line, ["", "Scanner, zweiter Stock"], ["a\nb", "\x00", "\x7f"]),
    (spelling.Word, ["1-2-3"], ["", "a b", "a\n", "ü"]),
    (spelling.Tenant, ["contoso.onmicrosoft.com", "1111-22"], ["", "a/b", "-a", "a b"]),
    (spelling.HttpsAddress, ["https://login.microsoftonline.us"],
     ["", "http://x", "https://", "https://a?b", "https://a b"]),
    (spelling.Secret, ["hunter2", "ein Wort"], ["", "a\nb", "a\x00"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts, _ in CHECKED for text in texts], ids=lambda value: repr(value)[:40]
)
def test_what_is_well_spelled_is_taken(kind, text):
    """A value of the right form passes its checker."""
    assert not isinstance(validated(kind, text), Refused)


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, _, texts in CHECKED for text in texts], ids=lambda value: repr(value)[:40]
)
def test_what_is_ill_spelled_is_refused_with_a_sentence(kind, text):
    """A value of a wrong form is refused by one sentence that says what it must be."""
    refused = validated(kind, text)
    assert isinstance(refused, Refused)
    assert [str(refusal.context["error"])[:5] for refusal in refused.refusals] == ["must "]


@pytest.mark.parametrize(
    ("kind", "written", "kept"),
    [
        (spelling.MailDomain, "Contoso.COM", "contoso.com"),
        (spelling.DomainOrAddress, "Contoso.COM", "contoso.com"),
        (spelling.DomainOrAddress, "Office@Contoso.com", "Office@Contoso.com"),
        (spelling.HostName, "SMTP.office365.com", "smtp.office365.com"),
    ],
)
def test_domains_are_kept_in_lower_case(kind, written, kept):
    """Domains compare whatever their case; an address is kept as written, for its local part is not ours to change."""
    assert validated(kind, written) == kept


@pytest.mark.parametrize(
    ("listen", "host", "port"), [("0.0.0.0:25", "0.0.0.0", 25), ("[::]:2525", "::", 2525), ("box.lan:0", "box.lan", 0)]
)
def test_a_listener_splits_into_host_and_port(listen, host, port):
    """Host and port come apart, an IPv6 host without its brackets."""
    assert spelling.listen_address(listen) == (host, port)


@pytest.mark.parametrize(
    ("text", "expected"), [("127.0.0.1", True), ("::1", True), ("fe80::1%eth0", False), ("a.b", False)]
)
def test_an_ip_address_is_told_from_a_name(text, expected):
    """Only an IPv4 or IPv6 address without a zone is one."""
    assert spelling.is_ip(text) is expected


@given(st.text())
def test_any_text_passes_or_is_refused(text):
    """No checker fails in any way but its sentence."""
    for kind, _, _ in CHECKED:
        found = validated(kind, text)
        assert not isinstance(found, Refused) or all(one.kind == "value_error" for one in found.refusals)


@given(st.emails())
def test_an_address_has_one_at_sign_and_no_space(text):
    """What passes as an address can stand in an SMTP command and a header as it is."""
    if spelling.is_address(text):
        assert text.count("@") == 1
        assert text.isascii()
        assert not set(text) & set(" <>\r\n\t,;:")
