import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.model import Address, DirectSend, Domain, is_address
from gateway.arrive.policy import Allowed, Forbidden, counted_as, judge_recipient, judge_sender, rule_of, whom_to_tell
from tests.gateway.spool.given import config

CLIENTS = {"clients": ["192.168.1.40", "10.1.0.0/16", "fd00:12::/32"]}
RECIPIENTS = {"recipients": ["contoso.com", "boss@Fabrikam.com"]}
DIRECT = {"method": "direct-send", "host": "mx.example", "domains": ["contoso.com", "tailspin.example"]}
WIDE = config(Path("/box"), smtp=[{"listen": "0.0.0.0:25", **CLIENTS, **RECIPIENTS}])
NARROW = replace(WIDE, upstream=config(Path("/box"), upstream=[DIRECT]).upstream)


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("192.168.1.40", True),
        ("192.168.1.41", False),
        ("10.1.255.255", True),
        ("10.2.0.0", False),
        ("::ffff:192.168.1.40", True),
        ("::ffff:192.168.1.41", False),
        ("fd00:12::1", True),
        ("fd00:12::1%eth0", True),
        ("fd00:13::1", False),
        ("::1", False),
        ("127.0.0.1", False),
        ("", False),
        ("printer.local", False),
        ("192.168.1.40 ", False),
    ],
)
def test_only_listed_clients(peer, expected):
    """Only an address in ``clients`` may connect; an IPv4 client of an IPv6 socket counts as IPv4."""
    assert (rule_of(WIDE.smtp, peer) is not None) is expected


@given(st.text(max_size=40))
def test_any_peer_is_judged(peer):
    """Whatever an operating system calls a peer, it is a client or it is not."""
    assert rule_of(WIDE.smtp, peer) in {WIDE.smtp[0], None}


def test_the_narrowest_network_is_the_rule():
    """Of several tables on one port, the one that names a device most closely is its rule, wherever it stands."""
    wide, narrow = ({"listen": "0.0.0.0:25", **RECIPIENTS, "clients": [one]} for one in ("10.1.0.0/16", "10.1.2.3"))
    for tables in ([{**wide, "name": "floor"}, narrow], [narrow, {**wide, "name": "floor"}]):
        rules = config(Path("/box"), smtp=tables).smtp
        chosen = [rule_of(rules, peer) for peer in ("10.1.2.3", "10.1.2.4", "10.2.0.1")]
        assert [rule and rule.name for rule in chosen] == ["smtp", "floor", None]


@pytest.mark.parametrize(
    "named", ["office@contoso.com", "office@CONTOSO.com", "boss@fabrikam.com", "BOSS@FABRIKAM.COM"]
)
def test_listed_recipients_are_allowed(named):
    """A listed domain or address is allowed in any case of its letters, and kept as the device wrote it."""
    assert judge_recipient(WIDE, WIDE.smtp[0], named) == Allowed(Address(named))


@pytest.mark.parametrize(
    ("named", "reply"),
    [
        ("office@elsewhere.example", "550 5.7.1 office@elsewhere.example is not in recipients of [[smtp]] smtp"),
        ("clerk@fabrikam.com", "550 5.7.1 clerk@fabrikam.com is not in recipients of [[smtp]] smtp"),
        ("office@sub.contoso.com", "550 5.7.1 office@sub.contoso.com is not in recipients of [[smtp]] smtp"),
        (
            "office@contoso.com.evil.example",
            "550 5.7.1 office@contoso.com.evil.example is not in recipients of [[smtp]]",
        ),
        ("office", "553 5.1.3 "),
        ("", "553 5.1.3 "),
        ("a@b@contoso.com", "553 5.1.3 "),
        ("office%elsewhere.example@contoso.com", "553 5.1.3 An address with % or ! names a route"),
        ("elsewhere.example!office@contoso.com", "553 5.1.3 An address with % or ! names a route"),
        ("office%elsewhere.example", "553 5.1.3 "),
        ('"office@elsewhere.example"@contoso.com', "553 5.1.3 "),
        ("office@[192.0.2.1]", "553 5.1.3 "),
        ("office@[contoso.com]", "553 5.1.3 "),
        ("office@192.0.2.1", "55"),
        ("office@contoso.com.", "553 5.1.3 "),
        ("office@.contoso.com", "553 5.1.3 "),
        ("office@notcontoso.com", "550 5.7.1 "),
        ("office@contoso.com@elsewhere.example", "553 5.1.3 "),
        ("office@contoso.com,x@elsewhere.example", "553 5.1.3 "),
        ("office@contoso.com x@elsewhere.example", "553 5.1.3 "),
        ("office@contoso.com\0x@elsewhere.example", "553 5.1.3 "),
        ("\x7foffice@contoso.com", "553 5.1.3 "),
        ("office@c\u043entoso.com", "553 5.1.3 "),
        ("@relay.example:office@contoso.com", "553 5.1.3 "),
        ('"a b"@contoso.com', "553 5.1.3 "),
        ("office@contoso.com\r\nRCPT TO:<x@y.z>", "553 5.1.3 "),
    ],
)
def test_other_recipients_are_refused(named, reply):
    """A recipient that is not listed, or no plain address, is refused for good with the reason: never an open relay."""
    judged = judge_recipient(WIDE, WIDE.smtp[0], named)
    assert isinstance(judged, Forbidden)
    assert judged.reply.startswith(reply)


def test_a_recipient_nobody_can_carry_is_refused():
    """A listed recipient that no upstream may carry is refused at the device; the reply says why, and what mends it."""
    assert judge_recipient(NARROW, NARROW.smtp[0], "office@contoso.com") == Allowed(Address("office@contoso.com"))
    judged = judge_recipient(NARROW, NARROW.smtp[0], "boss@fabrikam.com")
    assert judged == Forbidden(
        "550 5.7.1 boss@fabrikam.com cannot be reached: mail goes only to contoso.com, tailspin.example; "
        "add fabrikam.com to direct-send or use client-auth"
    )


def test_a_refusal_fits_a_reply_line():
    """However long the names are, the reply is one line that any client takes, with the address and the remedy."""
    domains = tuple(Domain(f"{'x' * 60}{number}.{'y' * 60}.example") for number in range(9))
    far = f"a@{'z' * 60}.{'z' * 60}.{'z' * 60}.example"
    (narrow, *_) = NARROW.upstream
    assert isinstance(narrow, DirectSend)
    direct = replace(narrow, domains=(Domain("contoso.com"), *domains, Domain("b.example")))
    rule = replace(NARROW.smtp[0], recipients=(far,))
    judged = judge_recipient(replace(NARROW, upstream=(direct,)), rule, far)
    assert isinstance(judged, Forbidden)
    assert far in judged.reply
    assert "mail goes only to contoso.com, b.example; add its domain to direct-send" in judged.reply
    assert len(judged.reply) <= 510


LOCAL = st.text(st.sampled_from('ab.%!@"\\<>,:;[] \r\n\0\u0430'), max_size=12)
DOMAIN = st.sampled_from(
    ["contoso.com", "CONTOSO.COM", "fabrikam.com", "sub.contoso.com", "contoso.com.", "contoso.com.evil.example",
     "evil.example", "[192.0.2.1]", "[IPv6:::1]", "evil.example@contoso.com", "contoso.com@evil.example", ""]
)  # fmt: skip
ROUTED = st.builds("{}{}@{}".format, st.sampled_from(["", "@contoso.com:", "@evil.example,@b:"]), LOCAL, DOMAIN)


@given(st.one_of(st.text(max_size=80), ROUTED, st.builds("boss@{}".format, DOMAIN)))
def test_what_is_allowed_is_listed(named):
    """Fuzz: whatever is named in whatever form, only a plain address that is listed, as it stands, is ever allowed."""
    judged = judge_recipient(WIDE, WIDE.smtp[0], named)
    if isinstance(judged, Allowed):
        assert judged.address == named
        assert re.fullmatch(r"[^@%!\s\"<>,:;\\\[\]]+@contoso\.com|boss@fabrikam\.com", named, re.IGNORECASE | re.ASCII)


def test_a_listed_address_may_look_like_a_route():
    """What the admin lists letter by letter is allowed, a percent sign in it or not."""
    rule = replace(WIDE.smtp[0], recipients=("a%b@contoso.com",))
    assert judge_recipient(WIDE, rule, "A%b@contoso.com") == Allowed(Address("A%b@contoso.com"))
    assert isinstance(judge_recipient(WIDE, rule, "c%b@contoso.com"), Forbidden)


@pytest.mark.parametrize(
    ("named", "reply"),
    [
        ("printer@contoso.com", None),
        ("PRINTER@Contoso.Com", None),
        ("copier@fabrikam.com", None),
        ("other@fabrikam.com", "550 5.7.1 other@fabrikam.com is not in senders of [[smtp]] smtp"),
        ("printer@sub.contoso.com", "550 5.7.1 printer@sub.contoso.com is not in senders of [[smtp]] smtp"),
        ("<>", "550 5.7.1 <> is not in senders of [[smtp]] smtp"),
        ("", "550 5.7.1 that sender is not in senders of [[smtp]] smtp"),
        ("printer", "550 5.7.1 that sender is not in senders of [[smtp]] smtp"),
        ("printer@contoso.com\r\n250 ok", "550 5.7.1 that sender is not in senders of [[smtp]] smtp"),
        ("printer@evil.example@contoso.com", "550 5.7.1 that sender is not in senders of [[smtp]] smtp"),
    ],
)
def test_senders_are_limited_where_given(named, reply):
    """With ``senders`` only they may be named, the empty sender neither; without, anything may."""
    rule = replace(WIDE.smtp[0], senders=("contoso.com", "copier@fabrikam.com"))
    judged = judge_sender(rule, named)
    assert (judged and judged.reply) == reply
    assert judge_sender(WIDE.smtp[0], named) is None


@given(st.one_of(st.text(max_size=80), ROUTED))
def test_a_refused_sender_is_one_line(named):
    """Whatever a device calls itself, the refusal is one line of ASCII, and only what is listed goes through."""
    judged = judge_sender(replace(WIDE.smtp[0], senders=("contoso.com",)), named)
    if judged is None:
        assert is_address(named)
        assert named.lower().endswith("@contoso.com")
    else:
        assert judged.reply.isascii()
        assert not {"\r", "\n", "\0"} & set(judged.reply)


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("192.168.1.40", "192.168.1.40"),
        ("::ffff:192.168.1.40", "192.168.1.40"),
        ("fd00:12::1", "fd00:12::/64"),
        ("fd00:12::ffff%eth0", "fd00:12::/64"),
        ("fd00:12:0:1::1", "fd00:12:0:1::/64"),
        ("fd00:12::40", "fd00:12::40"),
    ],
)
def test_a_client_is_counted_by_its_address_or_network(peer, counted):
    """IPv4 counts by address, IPv6 by its /64, in which a host may take any address, unless it is listed by itself."""
    rule = replace(WIDE.smtp[0], clients=(*WIDE.smtp[0].clients, "fd00:12::40"))
    assert counted_as(rule, peer) == counted


@given(st.text(max_size=80))
def test_a_reply_is_one_line(named):
    """Whatever a device names, the answer is an address or one line of ASCII that starts with a code."""
    match judge_recipient(WIDE, WIDE.smtp[0], named):
        case Allowed(address):
            assert is_address(address)
        case Forbidden(reply):
            assert reply.isascii()
            assert reply[:3] in {"550", "553"}
            assert not {"\r", "\n"} & set(reply)


@pytest.mark.parametrize(
    ("mail_from", "expected"),
    [
        ("clerk@contoso.com", "clerk@contoso.com"),
        ("<clerk@contoso.com>", "clerk@contoso.com"),
        (" clerk@contoso.com ", "clerk@contoso.com"),
        ("<>", None),
        ("", None),
        ("printer", None),
        ("printer@local", "printer@local"),
        ("a@b.c\r\nX: y", None),
    ],
)
def test_whom_to_tell(mail_from, expected):
    """A failure is told to the MAIL FROM if that is an address, and to nobody for the null return path."""
    assert whom_to_tell(mail_from) == expected
