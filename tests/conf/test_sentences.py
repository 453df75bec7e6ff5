import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conf import keys, sentences
from conf.declare import declared
from conf.model import Config
from conf.validation import Refused, validated
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
)

pytestmark = pytest.mark.usefixtures("folder")

METHODS = (
    '"client-auth", "high-volume", "direct-send", "relay" or "maildir" '
    "(in this order recommended; maildir sends nothing)"
)
TABLES = "[gateway], [sender], [[upstream]], [[share]], [[smtp]], [samba], [pdf], [mail], [delivery], [log]"

MESSAGES = {
    # unknown names
    RIGHT + "[pdf]\npage = 3\n": ['gateway.toml:16: pdf.page: is not a key of [pdf]; did you mean "pages"?'],
    RIGHT + "[log]\nx = 3\n": ["gateway.toml:16: log.x: is not a key of [log]; its keys are format"],
    RIGHT + "[logs]\n": ["gateway.toml:15: logs: is not known; did you mean [log]?"],
    RIGHT + "[zzz]\n": [f"gateway.toml:15: zzz: is not known; the tables are {TABLES}"],
    RIGHT + '["a b\\n"]\n': [f'gateway.toml:15: "a b\\n": is not known; the tables are {TABLES}'],
    SENDER + DIRECT_SEND + "username = 3\n" + SHARE: [
        ('gateway.toml:7: upstream[0].username: is not a key of method "direct-send"; '
        '"client-auth" and "high-volume" have it')
    ],
    SENDER + MAILDIR + "port = 3\n" + SHARE: [
        ('gateway.toml:6: upstream[0].port: is not a key of method "maildir"; '
        '"client-auth", "high-volume", "direct-send" and "relay" have it')
    ],
    SENDER + DIRECT_SEND + "domain = 3\n" + SHARE: [
        'gateway.toml:7: upstream[0].domain: is not a key of method "direct-send"; did you mean "domains"?'
    ],
    # methods
    SENDER + '[[upstream]]\nmethod = "directsend"\n' + SHARE: [
        f'gateway.toml:4: upstream[0].method: must be {METHODS}; did you mean "direct-send"?'
    ],
    SENDER + "[[upstream]]\nmethod = 4\n" + SHARE: [f"gateway.toml:4: upstream[0].method: must be {METHODS}"],
    SENDER + '[[upstream]]\nhost = "x"\n' + SHARE: [
        f"gateway.toml:3: upstream[0].method: is missing: it must be {METHODS}"
    ],
    # missing
    CLIENT_AUTH + SHARE: ["gateway.toml: sender: is missing: add [sender] with address"],
    SENDER + SHARE: [
        'gateway.toml: upstream: is missing: add at least one [[upstream]], best with method = "client-auth"'
    ],
    "upstream = []\n" + SENDER + SHARE: [
        'gateway.toml:1: upstream: is missing: add at least one [[upstream]], best with method = "client-auth"'
    ],
    "[sender]\n" + RELAY + SHARE: [
        "gateway.toml:1: sender.address: is missing: From of every mail, and its envelope sender"
    ],
    SENDER + RELAY + "[[share]]\n": [
        ("gateway.toml:6: share[0].name: is missing: how status, log and mail call it; "
        "no two shares or listeners share a name"),
        "gateway.toml:6: share[0].path: is missing: the folder; on the same file system as [gateway] state",
    ],
    # types and limits
    RIGHT + "[pdf]\npages = 0\nmail_limit = '200 MB'\nmemory = '1 MB'\ntimeout = '0s'\n": [
        "gateway.toml:16: pdf.pages: must be 1 to 20000",
        "gateway.toml:17: pdf.mail_limit: must be 100 kB to 150 MiB",
        "gateway.toml:18: pdf.memory: must be 200 MB or more",
        "gateway.toml:19: pdf.timeout: must be 1s to 1d",
    ],
    RIGHT + "[pdf]\npages = true\njpeg_quality = 80.0\ncolour = 'grey'\nmail_limit = 25\n": [
        "gateway.toml:16: pdf.pages: must be a whole number without quotes",
        "gateway.toml:17: pdf.jpeg_quality: must be a whole number without quotes",
        'gateway.toml:18: pdf.colour: must be "jpeg" or "lossless"',
        'gateway.toml:19: pdf.mail_limit: must be a size with its unit, such as "25 MB" or "64 MiB"',
    ],
    SENDER + RELAY + "name = 3\nca_file = 4\nport = '25'\n" + SHARE: [
        "gateway.toml:6: upstream[0].name: must be a string in quotes",
        "gateway.toml:7: upstream[0].ca_file: must be a path in quotes",
        "gateway.toml:8: upstream[0].port: must be a whole number without quotes",
    ],
    SENDER + "name = '''a\nb'''\n" + MAILDIR + SHARE: [
        "gateway.toml:3: sender.name: must be one line without control characters"
    ],
    SENDER + f"name = '{'x' * 129}'\n" + MAILDIR + SHARE: [
        "gateway.toml:3: sender.name: must have at most 128 characters"
    ],
    "gateway = 1\n" + SENDER + "[share]\n" + MAILDIR: [
        "gateway.toml:1: gateway: must be a table under the header [gateway]",
        "gateway.toml:4: share: must be a table under the header [[share]]",
    ],
    "share = ['x']\n" + SENDER + MAILDIR: ["gateway.toml:1: share[0]: must be a table under the header [[share]]"],
    "[[gateway]]\n" + SENDER + MAILDIR + SHARE: [
        "gateway.toml:1: gateway: must be a table under the header [gateway]"
    ],
    # lists
    SENDER + MAILDIR + SHARE.replace('["office@contoso.com"]', '"office@contoso.com"'): [
        "gateway.toml:9: share[0].to: must be a list in [ ]"
    ],
    SENDER + MAILDIR + SHARE.replace('["office@contoso.com"]', "[]"): [
        "gateway.toml:9: share[0].to: must have at least one item"
    ],
    SENDER + MAILDIR + SHARE.replace('["office@contoso.com"]', '[\n\n"office"]'): [
        'gateway.toml:11: share[0].to[0]: must be one e-mail address such as "office@contoso.com"'
    ],
    SENDER + MAILDIR + SHARE.replace('["office@contoso.com"]', json.dumps(["a@b.c"] * 101)): [
        "gateway.toml:9: share[0].to: must have at most 100 items"
    ],
    SENDER + MAILDIR + SMTP.replace("192.168.1.40", "printer"): [
        (
            "gateway.toml:8: smtp[0].clients[0]: must be an IP address or network such as "
            '"192.168.1.40" or "192.168.1.0/24"'
        )
    ],
    # logins
    SENDER + '[[upstream]]\nmethod = "client-auth"\nusername = "a@b.c"\n' + SHARE: [
        ('gateway.toml:3: upstream[0]: auth = "oauth-app" needs tenant and client_id and '
        "client_secret_file (or certificate_file with key_file)")
    ],
    SENDER + '[[upstream]]\nmethod = "client-auth"\nusername = "a@b.c"\nauth = "password"\n' + SHARE: [
        'gateway.toml:3: upstream[0]: auth = "password" needs password_file (or password)'
    ],
    SENDER + RELAY + "key_file = 'gateway.toml'\n" + SHARE: [
        "gateway.toml:3: upstream[0]: certificate_file and key_file go together: set both or neither"
    ],
    SENDER + CLIENT_AUTH + "key_file = 'gateway.toml'\n" + SHARE: [
        "gateway.toml:3: upstream[0]: certificate_file and key_file go together: set both or neither"
    ],
    GATEWAY + SENDER + CLIENT_AUTH.replace("S3cr3t-0123456789", "") + SHARE: [
        "gateway.toml:10: upstream[0].client_secret: must not be empty and must be one line"
    ],
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MESSAGES.items(), ids=lambda value: str(value)[-60:])
def test_each_mistake_is_one_sentence_with_its_place(text, expected):
    """Each mistake is told once, with file, line and key, in words that say what is allowed."""
    assert mistakes(text) == expected


def test_all_mistakes_are_told_at_once():
    """Mistakes in different tables do not hide each other, and stand in the order of their lines."""
    text = "[pdf]\npages = 0\n[log]\nformat = 1\n[delivery]\nlifetime = 3\n" + SENDER + MAILDIR + SHARE
    assert [line.split(": ")[:2] for line in mistakes(text)] == [
        ["gateway.toml:2", "pdf.pages"],
        ["gateway.toml:4", "log.format"],
        ["gateway.toml:6", "delivery.lifetime"],
    ]


def _every_key() -> list[tuple[str, str, str]]:
    named = [
        ("", table, key) for table in keys.TABLES if table != "upstream" for key in declared(keys.models(table)[0])
    ]
    return named + [(method, "upstream", key) for method, model in keys.methods().items() for key in declared(model)]


_ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.datetimes(), st.just("5s"), st.just("5 GB")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(st.data())
def test_no_value_of_any_key_is_without_a_sentence(data):
    """Whatever TOML value stands at whatever key, the refusal is in our words and not in the library's."""
    method, table, key = data.draw(st.sampled_from(_every_key()))
    odd = data.draw(_ODD | st.lists(_ODD, max_size=3) | st.dictionaries(st.text(max_size=3), _ODD, max_size=2))
    settings_of = {"method": method, key: odd} if method else {key: odd}
    values = {table: [settings_of] if keys.is_array(table) else settings_of}
    if data.draw(st.booleans()):
        values = {table: odd}
    refused = validated(Config, values)
    assert isinstance(refused, Refused)
    for finding in sentences.findings(refused):
        assert finding.what != sentences.UNEXPLAINED
        assert not re.search(r"pydantic|[Ii]nput|validat|http(?!s?:)|[Tt]uple|NoneType|ctx", finding.what)
