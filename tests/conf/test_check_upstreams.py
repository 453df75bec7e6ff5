"""What is said of the upstreams beside each other."""

import pytest

from tests.conf.given import CLIENT_AUTH, DIRECT_SEND, GATEWAY, MAILDIR, RELAY, RIGHT, SENDER, SHARE, mistakes, right

pytestmark = pytest.mark.usefixtures("folder")

PASSWORD = '[[upstream]]\nmethod = "client-auth"\nusername = "scanner@contoso.com"\nauth = "password"\npassword = "x"\n'
MX = "contoso-com.mail.protection.outlook.com"
SHOWN = 'certificate_file = "gateway.toml"\nkey_file = "gateway.toml"\n'
FALLBACK = "[delivery]\nfallback = true\n"
UNUSED = "before it; set fallback = true in [delivery] to use it while they rest, or remove it"

SIGNED = 'dkim_selector = "s"\ndkim_key_file = "gateway.toml"\n'
WHOLE = "dkim_selector and dkim_key_file go together: set both or neither"

NO_MX = (
    "is where mailboxes log in, and takes nothing without a login: take the MX endpoint from the Microsoft 365 admin "
    "centre (Settings, Domains), or set method to client-auth"
)

MISTAKES = {
    GATEWAY + SENDER + DIRECT_SEND + 'dkim_selector = "s"\n' + SHARE: [f"gateway.toml:5: upstream[0]: {WHOLE}"],
    GATEWAY + SENDER + RELAY + 'dkim_key_file = "gateway.toml"\n' + SHARE: [f"gateway.toml:5: upstream[0]: {WHOLE}"],
    GATEWAY + SENDER + RELAY + 'dkim_domain = "contoso.com"\n' + SHARE: [
        "gateway.toml:5: upstream[0]: dkim_domain needs dkim_selector and dkim_key_file"
    ],
    GATEWAY + SENDER + RELAY + SIGNED.replace('"s"', '"s p"') + SHARE: [
        'gateway.toml:8: upstream[0].dkim_selector: must be the name of the key in DNS such as "scangate"'
    ],
    GATEWAY + SENDER + RELAY.replace(MX, "40.1.2.3") + SHARE: [
        ("gateway.toml:7: upstream[0].host: is an IP address; Microsoft asks for the host name, because the addresses "
        "change, and its certificate is for the name: nothing would ever be sent")
    ],
    GATEWAY + SENDER + RELAY + 'domains = ["fabrikam.com"]\n' + SHARE: [
        ('gateway.toml:8: upstream[0].domains: must hold "contoso.com", the domain of [sender] address: Exchange '
        "relays by public IP only for senders in an accepted domain of the tenant; "
        "add it if it is one, or change the sender")
    ],
    GATEWAY + SENDER + DIRECT_SEND.replace(MX, "smtp.office365.com") + SHARE: [
        f"gateway.toml:7: upstream[0].host: {NO_MX}"
    ],
    GATEWAY + SENDER + RELAY.replace(MX, "SMTP-hve.office365.com") + SHARE: [
        f"gateway.toml:7: upstream[0].host: {NO_MX}"
    ],
    GATEWAY + SENDER + CLIENT_AUTH + f'host = "{MX}"\n' + SHARE: [
        ("gateway.toml:11: upstream[0].host: is a tenant's MX endpoint, which knows no login: remove it for "
        "smtp.office365.com, or set method to direct-send or relay")
    ],
}  # fmt: skip

WARNINGS = {
    GATEWAY + SENDER + DIRECT_SEND + SIGNED + SHARE: [],
    GATEWAY + SENDER.replace("@", "@box.") + RELAY + SIGNED + 'dkim_domain = "contoso.com"\n' + SHARE: [],
    GATEWAY + SENDER + DIRECT_SEND + SIGNED + 'dkim_domain = "toso.com"\n' + SHARE: [
        ('gateway.toml:11: upstream[0].dkim_domain: is not "contoso.com", the domain of [sender] address, nor above '
        "it: for DMARC such a signature counts nothing")
    ],
    GATEWAY + SENDER + CLIENT_AUTH + DIRECT_SEND + RELAY + SHARE + FALLBACK: [],
    GATEWAY + SENDER + CLIENT_AUTH + DIRECT_SEND + RELAY + SHARE: [
        f'gateway.toml:12: upstream[1].method: is never used: what it may carry goes by "client-auth" {UNUSED}',
        ('gateway.toml:16: upstream[2].method: is never used: what it may carry goes by "client-auth" and '
        f'"direct-send" {UNUSED}'),
    ],
    GATEWAY + SENDER + DIRECT_SEND + DIRECT_SEND + 'name = "two"\n' + SHARE: [
        f'gateway.toml:10: upstream[1].method: is never used: what it may carry goes by "direct-send" {UNUSED}'
    ],
    GATEWAY + SENDER + DIRECT_SEND + DIRECT_SEND.replace('["', '["fabrikam.com", "') + 'name = "two"\n' + SHARE: [],
    GATEWAY + SENDER + DIRECT_SEND + RELAY + SHARE: [],
    GATEWAY + SENDER + CLIENT_AUTH + MAILDIR + SHARE + FALLBACK: [
        ("gateway.toml:12: upstream[1].method: is never used: those before it carry every mail, "
        "and it is no way out while they rest; remove it"),
        ("gateway.toml:19: delivery.fallback: changes nothing: no recipient may go by two upstreams; "
        "add one, or set it to false"),
    ],
    RIGHT + FALLBACK: [
        ("gateway.toml:16: delivery.fallback: changes nothing: no recipient may go by two upstreams; "
        "add one, or set it to false")
    ],
    GATEWAY + SENDER + RELAY + RELAY + SHOWN + 'name = "certified"\n' + SHARE + FALLBACK: [
        ('gateway.toml:9: upstream[1].method: stands after "relay", which is known by its public IP: put it first, '
        "a certificate is nobody else's and outlives a change of the IP")
    ],
    GATEWAY + SENDER + PASSWORD + CLIENT_AUTH + 'name = "token"\n' + SHARE + FALLBACK: [
        ("gateway.toml:8: upstream[0].auth: is password login, which Microsoft turns off by default "
        'at the end of December 2026: change to "oauth-app"'),
        ('gateway.toml:11: upstream[1].method: stands after "client-auth", which logs in with a password: '
        "put it first, a token is safer"),
    ],
    GATEWAY + SENDER + RELAY + 'domains = ["contoso.com"]\n' + SHARE: [],
    GATEWAY + SENDER + RELAY + SHOWN + 'domains = ["fabrikam.com"]\n' + SHARE: [
        ('gateway.toml:10: upstream[0].domains: does not hold "contoso.com", the domain of [sender] address: '
        "Exchange then goes by the domain of the certificate alone, and rewrites the sender; "
        "add it if it is accepted, or change the sender")
    ],
    GATEWAY + SENDER + DIRECT_SEND.replace("contoso-com.mail.protection.outlook.com", "contoso.com") + SHARE: [
        ("gateway.toml:7: upstream[0].host: is the domain itself, where seldom a mail server answers: "
        "take the MX endpoint from the Microsoft 365 admin centre (Settings, Domains)")
    ],
    GATEWAY + SENDER + RELAY.replace(MX, "40.1.2.3") + 'ca_file = "gateway.toml"\n' + SHARE: [
        ("gateway.toml:7: upstream[0].host: is an IP address; Microsoft asks for the host name, "
        "because the addresses change")
    ],
    GATEWAY + SENDER + RELAY.replace("contoso-com.mail.protection.outlook.com", "127.0.0.1") + SHARE: [],
    GATEWAY + SENDER + RELAY + DIRECT_SEND + SHARE: [
        ('gateway.toml:9: upstream[1].method: "direct-send" is method 2 and stands after "relay", method 3: '
        "the recommended order is client-auth, direct-send, relay"),
        f'gateway.toml:9: upstream[1].method: is never used: what it may carry goes by "relay" {UNUSED}',
    ],
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MISTAKES.items(), ids=lambda value: str(value)[-60:])
def test_an_upstream_that_cannot_work_is_a_mistake(text, expected):
    """What would only ever be refused is told before the service starts, with what mends it."""
    assert mistakes(text) == expected


@pytest.mark.parametrize(("text", "expected"), WARNINGS.items(), ids=lambda value: str(value)[-60:])
def test_an_upstream_that_could_be_better_is_a_warning(text, expected):
    """What is never used, or less safe than it could be, is told, and does not stop the service."""
    assert list(right(text).warnings) == expected
