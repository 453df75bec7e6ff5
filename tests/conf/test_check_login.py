"""What is said of how an upstream logs in: as the application, as a person, by password; in which cloud."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from conf.clouds import CLOUDS, of_another
from conf.model import ClientAuth, HighVolume
from conf.spelling import Day, ProxyAddress
from tests.conf.given import CLIENT_AUTH, GATEWAY, RIGHT, SECRET, SENDER, SHARE, SMTP, loading, mistakes, right

pytestmark = pytest.mark.usefixtures("folder")

DEVICE = CLIENT_AUTH.replace(f'client_secret = "{SECRET}"\n', 'auth = "oauth-device"\n')
HIGH_VOLUME = CLIENT_AUTH.replace("client-auth", "high-volume") + 'domains = ["contoso.com"]\n'
SMALL = '[pdf]\nmail_limit = "10 MB"\n'
HEAD = GATEWAY + SENDER

WARNINGS = {
    HEAD + DEVICE + SHARE: [],
    HEAD + CLIENT_AUTH + "client_secret_expires = 2027-01-31\n" + SHARE: [],
    HEAD + CLIENT_AUTH + 'proxy = "http://proxy.contoso.com:3128"\n' + SHARE: [],
    HEAD + CLIENT_AUTH + 'cloud = "us-gov-high"\n' + SHARE: [],
    HEAD + HIGH_VOLUME + SHARE + SMALL: [],
    HEAD + HIGH_VOLUME + SHARE: [
        'gateway.toml: pdf.mail_limit: makes mails that High Volume Email refuses: it takes 10 MB, so set "10 MB"'
    ],
    HEAD + HIGH_VOLUME + 'auth = "password"\npassword = "x"\n' + SHARE + SMALL: [],
    HEAD + HIGH_VOLUME.replace("scanner@", "hve@") + SHARE + SMALL: [
        ("gateway.toml:7: upstream[0].username: is not scanner@contoso.com, the From of every mail: "
        "Exchange refuses that unless the mailbox has Send As on it")
    ],
    HEAD + CLIENT_AUTH + 'auth = "oauth-device"\nclient_secret_expires = 2027-01-31\n' + SHARE: [
        'gateway.toml:10: upstream[0].client_secret: is not used with auth = "oauth-device": remove it',
        'gateway.toml:12: upstream[0].client_secret_expires: is not used with auth = "oauth-device": remove it',
    ],
    HEAD + DEVICE + 'scope = "https://outlook.office365.com/.default"\n' + SHARE: [
        ('gateway.toml:11: upstream[0].scope: does not suit auth = "oauth-device", which needs a person\'s, '
        "such as https://outlook.office.com/SMTP.Send: remove the key")
    ],
    HEAD + CLIENT_AUTH + 'scope = "https://outlook.office.com/SMTP.Send"\n' + SHARE: [
        ('gateway.toml:11: upstream[0].scope: does not suit auth = "oauth-app", which needs one ending in '
        "/.default: remove the key")
    ],
    HEAD + CLIENT_AUTH + 'authority = "https://login.microsoftonline.us/"\n' + SHARE: [
        ('gateway.toml:11: upstream[0].authority: belongs to the cloud "us-gov-high", but cloud is "public": '
        'remove the key, or set cloud = "us-gov-high"')
    ],
    HEAD + CLIENT_AUTH + 'cloud = "china"\nhost = "smtp.office365.com"\n' + SHARE: [
        ('gateway.toml:12: upstream[0].host: belongs to the cloud "public", but cloud is "china": '
        'remove the key, or set cloud = "public"')
    ],
    HEAD + CLIENT_AUTH + 'host = "smtp.elsewhere.example"\nauthority = "https://login.elsewhere.example"\n' + SHARE: [],
}  # fmt: skip

MISTAKES = {
    HEAD + DEVICE.replace('client_id = "1-2-3"\n', "") + SHARE: [
        'gateway.toml:5: upstream[0]: auth = "oauth-device" needs client_id'
    ],
    HEAD + HIGH_VOLUME.replace('domains = ["contoso.com"]\n', "") + SHARE + SMALL: [
        "gateway.toml:5: upstream[0].domains: is missing: only recipients in these domains are offered"
    ],
    HEAD + HIGH_VOLUME + SMTP.replace('["contoso.com"]', '["fabrikam.com"]') + SMALL: [
        ('gateway.toml:15: smtp[0].recipients[0]: is out of reach: no upstream may carry mail to "fabrikam.com", only '
        'to "contoso.com"; add the domain there if it is yours, or a client-auth upstream')
    ],
    HEAD + CLIENT_AUTH + 'client_secret_expires = "soon"\n' + SHARE: [
        ("gateway.toml:11: upstream[0].client_secret_expires: must be a date such as 2027-01-31, "
        "without quotes and without a time")
    ],
    HEAD + CLIENT_AUTH + "client_secret_expires = 2027-01-31T10:00:00Z\n" + SHARE: [
        ("gateway.toml:11: upstream[0].client_secret_expires: must be a date such as 2027-01-31, "
        "without quotes and without a time")
    ],
    HEAD + CLIENT_AUTH + 'proxy = "http://user:pw@proxy:3128"\n' + SHARE: [
        ('gateway.toml:11: upstream[0].proxy: must be "http://host:port", such as "http://proxy.contoso.com:3128", '
        "without user or path")
    ],
    HEAD + CLIENT_AUTH + 'cloud = "dod"\n' + SHARE: [
        'gateway.toml:11: upstream[0].cloud: must be "public", "us-gov-high" or "china"'
    ],
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WARNINGS.items(), ids=range(len(WARNINGS)))
def test_what_is_doubtful_about_a_login(text, expected):
    """Keys of another login or cloud are told at their line, and stop nothing."""
    assert list(right(text).warnings) == expected


@pytest.mark.parametrize(("text", "expected"), MISTAKES.items(), ids=range(len(MISTAKES)))
def test_what_is_wrong_about_a_login(text, expected):
    """An incomplete login, a recipient it cannot reach, and values of no use are told at their line."""
    assert mistakes(text) == expected


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize("auth", ["oauth-app", "oauth-device"])
def test_a_cloud_brings_its_defaults(name, auth):
    """Host, authority and scope are those of the cloud and of the way to log in."""
    login = CLIENT_AUTH if auth == "oauth-app" else DEVICE
    (one,) = right(HEAD + login + f'cloud = "{name}"\n' + SHARE).config.upstream
    assert isinstance(one, ClientAuth)
    cloud = CLOUDS[name]
    assert (one.host, one.authority) == (cloud.host, cloud.authority)
    assert one.scope == (cloud.app_scope if auth == "oauth-app" else cloud.device_scope)
    assert list(of_another(name, one.host, one.authority, one.scope)) == []


@pytest.mark.parametrize("name", CLOUDS)
def test_no_two_clouds_have_a_value_in_common(name):
    """Every value of one cloud is known as foreign in each of the others."""
    cloud = CLOUDS[name]
    for other in set(CLOUDS) - {name}:
        found = dict(of_another(other, cloud.host, cloud.authority, cloud.device_scope))
        assert found == dict.fromkeys(("host", "authority", "scope"), name)


def test_the_environment_may_set_the_day():
    """A date from the environment is text, and means the same."""
    environ = {"SCANGATE_UPSTREAM__0__CLIENT_SECRET_EXPIRES": "2027-01-31"}
    (one,) = right(RIGHT, environ).config.upstream
    assert isinstance(one, ClientAuth)
    assert one.client_secret_expires == date(2027, 1, 31)


def test_high_volume_has_its_own_host_and_limits():
    """The preset needs no host, and its recipients are those of its domains alone."""
    (one,) = right(HEAD + HIGH_VOLUME + SHARE + SMALL).config.upstream
    assert isinstance(one, HighVolume)
    assert (one.host, one.port, one.connections) == ("smtp-hve.office365.com", 587, 3)


@given(st.text())
def test_any_text_is_a_proxy_or_not(text):
    """Whatever is written: a proxy's address has host and port and no secret in it, or it is refused."""
    try:
        proxy = TypeAdapter(ProxyAddress).validate_python(text)
    except ValidationError:
        return
    assert proxy.startswith("http://")
    assert "@" not in proxy


@given(st.none() | st.booleans() | st.integers() | st.text() | st.dates() | st.datetimes() | st.floats())
def test_any_value_is_a_day_or_not(value):
    """Whatever is written: it is a day, or refused by a sentence; no number is taken for one."""
    try:
        day = TypeAdapter(Day).validate_python(value)
    except ValidationError:
        return
    assert type(day) is date
    assert isinstance(value, date | str)


def test_secrets_stay_out_of_sentences():
    """What is said about a login never holds its secret."""
    assert SECRET not in str(loading(HEAD + CLIENT_AUTH + 'auth = "oauth-device"\nproxy = "x"\n' + SHARE))
