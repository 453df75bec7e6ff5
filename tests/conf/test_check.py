import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.check import Tables, check
from conf.check_smtp import _same_port
from conf.model import Address, DirectSend, Domain, Gateway
from tests.conf.given import (
    CLIENT_AUTH,
    DIRECT_SEND,
    GATEWAY,
    MAILDIR,
    RELAY,
    RIGHT,
    SENDER,
    SHARE,
    SMTP,
    mistakes,
    right,
)

pytestmark = pytest.mark.usefixtures("folder")

PASSWORD = '[[upstream]]\nmethod = "client-auth"\nusername = "scanner@contoso.com"\nauth = "password"\npassword = "x"\n'
REACH = (
    'is out of reach: no upstream may carry mail to "fabrikam.com", only to "contoso.com"; '
    "add the domain there if it is yours, or a client-auth upstream"
)

NAMED = "is missing: the domains or addresses that sub-folders and sidecars may name, such as your own domain"


def share(name: str, path: str, more: str = "") -> str:
    """Return a share of this name and folder."""
    return f'[[share]]\nname = "{name}"\npath = "{path}"\nto = ["office@contoso.com"]\n{more}'


MISTAKES = {
    GATEWAY + SENDER + RELAY: ["gateway.toml: has no way in: add a [[share]] or an [[smtp]]"],
    SENDER + MAILDIR + MAILDIR.replace("mailbox", "m2") + SHARE: [
        'gateway.toml:6: upstream[1].name: is "maildir" for the second time: give each its own name'
    ],
    RIGHT + share("scans", "/srv/two"): [
        'gateway.toml:16: share[1].name: is "scans" for the second time: give each its own name'
    ],
    RIGHT + SMTP + SMTP.replace(":25", ":26"): [
        'gateway.toml:19: smtp[1].name: is "smtp" for the second time: give each its own name'
    ],
    RIGHT + SMTP + 'name = "scans"\n': [
        'gateway.toml:19: smtp[0].name: is "scans" for the second time: give each its own name'
    ],
    RIGHT + SMTP + SMTP.replace("0.0.0.0", "127.0.0.1") + 'name = "two"\n': [
        'gateway.toml:20: smtp[1].listen: takes the port of listener "smtp" (0.0.0.0:25)'
    ],
    RIGHT + SMTP + SMTP + 'name = "two"\n': [
        ('gateway.toml:21: smtp[1].clients[0]: stands in listener "smtp" too, on the same port: '
        "name each device in one of them")
    ],
    SENDER + DIRECT_SEND + SHARE.replace("contoso.com", "fabrikam.com"): [f"gateway.toml:10: share[0].to[0]: {REACH}"],
    SENDER + DIRECT_SEND + SMTP.replace('["contoso.com"]', '["contoso.com", "fabrikam.com", "x@fabrikam.com"]'): [
        f"gateway.toml:10: smtp[0].recipients[1]: {REACH}",
        f"gateway.toml:10: smtp[0].recipients[2]: {REACH}",
    ],
    GATEWAY.replace("contoso.com", "fabrikam.com") + SENDER + DIRECT_SEND + SHARE: [
        f"gateway.toml:2: gateway.admin[0]: {REACH}"
    ],
    RIGHT + share("two", "/srv/scans/two"): [
        'gateway.toml:17: share[1].path: overlaps the folder of share "scans": each share needs a folder of its own'
    ],
    RIGHT + share("two", "/srv/scans/x/.."): [
        'gateway.toml:17: share[1].path: overlaps the folder of share "scans": each share needs a folder of its own'
    ],
    RIGHT.replace("/srv/scans", "/var/lib/scangate/in"): [
        ("gateway.toml:13: share[0].path: overlaps [gateway] state (/var/lib/scangate): "
        "keep what is dropped apart from the spool")
    ],
    RIGHT.replace("/srv/scans", "/var"): [
        ("gateway.toml:13: share[0].path: overlaps [gateway] state (/var/lib/scangate): "
        "keep what is dropped apart from the spool")
    ],
    SENDER + MAILDIR.replace("/srv/mailbox", "/srv/scans/m") + SHARE: [
        'gateway.toml:8: share[0].path: overlaps the Maildir of upstream "maildir": mails would be taken for scans'
    ],
    RIGHT + 'quiet = "10s"\nincomplete_timeout = "5s"\n': [
        ("gateway.toml:16: share[0].incomplete_timeout: must be longer than quiet (10s): "
        "a file cannot fail before it could be finished")
    ],
    RIGHT.replace('to = ["office@contoso.com"]\n', ""): [
        ("gateway.toml:11: share[0].to: is missing: who gets what is dropped here; "
        'or set folders = "address", or sidecars = true')
    ],
    RIGHT + 'folders = "address"\n': [f"gateway.toml:11: share[0].recipients: {NAMED}"],
    RIGHT + "sidecars = true\n": [f"gateway.toml:11: share[0].recipients: {NAMED}"],
    RIGHT + 'folders = "address"\nrecipients = ["contoso.com"]\ndomain = "fabrikam.com"\n': [
        ("gateway.toml:17: share[0].domain: is outside recipients: no folder could be named for a person at "
        "fabrikam.com; add it there")
    ],
    SENDER + DIRECT_SEND + SHARE + 'sidecars = true\nrecipients = ["contoso.com", "x@fabrikam.com"]\n': [
        f"gateway.toml:12: share[0].recipients[1]: {REACH}"
    ],
    RIGHT + 'batch = "folder"\nfolders = "address"\nrecipients = ["contoso.com"]\n': [
        ('gateway.toml:15: share[0].batch: cannot be "folder" with folders = "address": '
        "a sub-folder is either one scan, or the person who gets it")
    ],
    RIGHT + 'batch = "sequence"\nsidecars = true\nrecipients = ["contoso.com"]\n': [
        ('gateway.toml:15: share[0].batch: cannot be "sequence" with sidecars = true: '
        "a sidecar belongs to one file, and a scan here has many")
    ],
    RIGHT + '[delivery]\nfirst_retry = "1h"\n': [
        "gateway.toml:15: delivery.longest_retry: must be at least first_retry (1h)"
    ],
    RIGHT + '[delivery]\nfirst_retry = "1m"\nlifetime = "1m"\n': [
        "gateway.toml:17: delivery.lifetime: must be longer than first_retry (1m), or nothing is ever tried again"
    ],
    RIGHT.replace("client_secret =", 'certificate_file = "gateway.toml"\nkey_file = "gateway.toml"\nclient_secret ='): [
        "gateway.toml:10: upstream[0].certificate_file: stands beside a client secret: set one of the two"
    ],
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MISTAKES.items(), ids=lambda value: str(value)[-60:])
def test_tables_that_contradict_each_other_are_a_mistake(text, expected):
    """Tables that are right alone and wrong together are told, at the line that has to change."""
    assert mistakes(text) == expected


WARNINGS = {
    RIGHT: [],
    RIGHT.replace('to = ["office@contoso.com"]\n', "") + 'folders = "address"\nrecipients = ["contoso.com"]\n': [],
    RIGHT + 'folders = "address"\nrecipients = ["alice@contoso.com"]\ndomain = "contoso.com"\n': [],
    RIGHT + 'sidecars = true\nsidecar_timeout = "1m"\nrecipients = ["contoso.com"]\n': [],
    RIGHT + 'recipients = ["contoso.com"]\ndomain = "contoso.com"\n': [
        'gateway.toml:15: share[0].recipients: is not used without folders = "address" or sidecars = true: remove it',
        'gateway.toml:16: share[0].domain: is not used without folders = "address": remove it',
    ],
    GATEWAY + SENDER + DIRECT_SEND + CLIENT_AUTH + SHARE: [
        ('gateway.toml:10: upstream[1].method: "client-auth" is method 1 and stands after "direct-send", method 2: '
        "the recommended order is client-auth, direct-send, relay")
    ],
    GATEWAY + SENDER + MAILDIR + RELAY + SHARE: [
        ("gateway.toml:6: upstream[0].method: takes every mail, so nothing is left for the upstreams after it: "
        "put maildir last")
    ],
    GATEWAY + SENDER + PASSWORD + SHARE: [
        ("gateway.toml:8: upstream[0].auth: is password login, which Microsoft turns off by default "
        'at the end of December 2026: change to "oauth-app"')
    ],
    GATEWAY + SENDER + CLIENT_AUTH + 'password = "x"\n' + SHARE: [
        'gateway.toml:11: upstream[0].password: is not used with auth = "oauth-app": remove it'
    ],
    GATEWAY + SENDER.replace("scanner", "hall") + CLIENT_AUTH + SHARE: [
        ("gateway.toml:7: upstream[0].username: is not hall@contoso.com, the From of every mail: "
        "Exchange refuses that unless the mailbox has Send As on it")
    ],
    GATEWAY + SENDER.replace("contoso", "fabrikam") + DIRECT_SEND + SHARE: [
        ('gateway.toml:4: sender.address: is outside the domains of upstream "direct-send": '
        "Exchange may refuse a sender that is not the organisation's own")
    ],
    RIGHT + 'quiet = "15s"\nbatch = "sequence"\npage_gap = "15s"\n': [
        ("gateway.toml:17: share[0].page_gap: is no longer than quiet (15s), when a page only counts as finished: "
        "each page would be a scan of its own; 20s suits most devices")
    ],
    RIGHT + 'quiet = "15s"\npage_gap = "15s"\n': [],
    RIGHT + 'batch = "sequence"\nfolders = "address"\nrecipients = ["contoso.com"]\n': [],
    SENDER + RELAY + SHARE: [
        ("gateway.toml: gateway.admin: is empty: when a scan fails, only its share, the sender of its mail or "
        "its recipients are told")
    ],
    SENDER + MAILDIR + SHARE: [],
    RIGHT + SMTP.replace("192.168.1.40", "0.0.0.0/0").replace(":25", ":0"): [
        "gateway.toml:16: smtp[0].listen: has port 0, a free one at each start: devices cannot know it",
        ("gateway.toml:17: smtp[0].clients[0]: admits everyone who reaches the port: "
        "name the devices or their network"),
    ],
    RIGHT + SMTP + SMTP.replace(".40", ".41") + 'name = "two"\n': [],
    RIGHT + SMTP + 'legacy_tls = true\nuser = "printer1"\n': [
        'gateway.toml:19: smtp[0].legacy_tls: is not used with tls = "off"',
        'gateway.toml:20: smtp[0].user: is not used with login = "off"',
    ],
    RIGHT + SMTP + 'tls = "starttls"\nlegacy_tls = true\n': [
        ("gateway.toml:20: smtp[0].legacy_tls: admits TLS 1.0 and 1.1, which can be broken: "
        "keep these devices in a network of their own")
    ],
    RIGHT + SMTP + 'tls = "implicit"\n' + SMTP.replace(".40", ".41") + 'name = "two"\n': [],
    RIGHT + SMTP + 'tls = "starttls"\nprofile = "hp"\n': [
        ('gateway.toml:19: smtp[0].tls: is not shown to devices of profile "hp", which fail at STARTTLS: '
        'take "implicit" or "off"')
    ],
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WARNINGS.items(), ids=lambda value: str(value)[-60:])
def test_what_is_doubtful_is_a_warning(text, expected):
    """What works but should not stay so is told, and does not stop the service."""
    assert list(right(text).warnings) == expected


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("0.0.0.0:25", "0.0.0.0:25", True),
        ("0.0.0.0:25", "192.168.1.1:25", True),
        ("192.168.1.2:25", "192.168.1.1:25", False),
        ("192.168.1.1:25", "192.168.1.1:26", False),
        ("[::]:25", "[::1]:25", True),
        ("[::]:25", "0.0.0.0:25", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
    ],
)
def test_two_listeners_on_one_port_are_told_apart(one, two, expected):
    """A wildcard takes its port on every address of its family, whichever of the two stands first."""
    assert _same_port(one, two) is _same_port(two, one) is expected


def test_a_rule_is_silent_while_a_table_it_needs_is_wrong():
    """A mistake in the upstreams does not also make every recipient out of reach."""
    text = SENDER + DIRECT_SEND.replace('["contoso.com"]', '["-"]') + SHARE
    assert mistakes(text) == ['gateway.toml:6: upstream[0].domains[0]: must be a domain such as "contoso.com"']


def test_a_rule_speaks_although_another_table_is_wrong():
    """A mistake in one table does not hide what other tables have wrong between them."""
    text = "[log]\nformat = 1\n" + SENDER + DIRECT_SEND + SHARE.replace("contoso", "fabrikam")
    assert [re.sub(" .*", "", line) for line in mistakes(text)] == ["gateway.toml:2:", "gateway.toml:12:"]


@given(st.sampled_from(["contoso.com", "fabrikam.com", "x.contoso.com"]), st.booleans())
def test_an_admin_is_reachable_or_told(domain, is_direct):
    """A person who must be told can be told, or the configuration says that they cannot."""
    names = ("contoso.com",) if is_direct else ("contoso.com", "fabrikam.com", "x.contoso.com")
    upstream = DirectSend(method="direct-send", host="mx.example", domains=tuple(map(Domain, names)))
    tables = Tables(Gateway(admin=(Address(f"a@{domain}"),)), None, (upstream,), None, None, None, None)
    assert bool(check(tables)) is (domain not in names)
