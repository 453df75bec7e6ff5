"""What each method means on the wire, and which recipient goes to which upstream."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.carry import may_carry
from conf.model import Address, ClientAuth, Config, DirectSend, HighVolume, Maildir, Relay
from gateway.deliver.upstream import PasswordLogin, TokenLogin, assign, free_at, maildir_of, passed_over, route_of
from tests.conf.given import made
from tests.gateway.deliver.given import SENDER, addresses, client_auth, config, direct, password_auth, token_auth

AUTHORITY = Path("/etc/ca.pem")
DIRECT = direct(25, AUTHORITY, name="direct")
OTHER_DIRECT = direct(25, AUTHORITY, name="other", domains=["fabrikam.com", "contoso.com"])
SUBMISSION = password_auth(587, AUTHORITY, name="submission")


def _config(*upstreams: dict[str, object]) -> Config:
    return config(Path("/nowhere"), *upstreams)


def test_client_auth_with_password():
    """A password login carries username and password, the limits of the mailbox, and hides the password in its repr."""
    route = route_of(client_auth(password_auth(587, AUTHORITY, messages_per_minute=20, recipients_per_day=500)))
    assert isinstance(route.login, PasswordLogin)
    assert route.login.username == SENDER
    assert route.login.password not in repr(route)
    assert (route.host, route.port, route.per_minute, route.per_day, route.connections) == (
        "localhost",
        587,
        20,
        500,
        2,
    )
    assert route.ca_file == AUTHORITY
    assert route.certificate is None


def test_client_auth_with_token():
    """An application's login is a token for the mailbox; its certificate is for the token, not for the smarthost."""
    table = token_auth(587, AUTHORITY, 443, certificate_file="/a.pem", key_file="/a.key")
    settings = client_auth(table)
    assert route_of(settings).login == TokenLogin(SENDER, settings)
    assert route_of(settings).certificate is None


@pytest.mark.parametrize("keys", [{"auth": "password", "password": "p"}, {"tenant": "t", "client_id": "c"}])
def test_high_volume_logs_in_like_client_auth(keys: dict[str, str]):
    """A High Volume Email account logs in as a mailbox does, at its own host and within limits of its own."""
    proof = {} if "auth" in keys else {"client_secret": "s"}
    table = {"method": "high-volume", "username": SENDER, "domains": ["contoso.com"], "messages_per_minute": 500}
    settings = made(HighVolume, table | keys | proof)
    route = route_of(settings)
    expected = PasswordLogin(SENDER, "p") if "auth" in keys else TokenLogin(SENDER, settings)
    assert route.login == expected
    assert (route.host, route.port, route.per_minute) == ("smtp-hve.office365.com", 587, 500)
    assert route.per_day == settings.recipients_per_day


def test_port_25_methods_have_no_login_and_no_day_limit():
    """Direct Send and relay log in with nothing; a connector's certificate is shown when there is one."""
    host = {"host": "contoso-com.mail.protection.outlook.com"}
    sent_directly = route_of(made(DirectSend, {"method": "direct-send", "domains": ["contoso.com"]} | host))
    by_address = route_of(made(Relay, {"method": "relay"} | host))
    shown = {"certificate_file": "/c.pem", "key_file": "/k.pem"}
    by_certificate = route_of(made(Relay, {"method": "relay"} | host | shown))
    for route in (sent_directly, by_address, by_certificate):
        assert (route.login, route.port, route.per_day) == (None, 25, None)
    assert sent_directly.certificate is by_address.certificate is None
    assert by_certificate.certificate == (Path("/c.pem"), Path("/k.pem"))


@pytest.mark.parametrize(
    ("upstreams", "recipients", "groups", "stranded"),
    [
        ((SUBMISSION,), ["a@x.org", "b@y.org"], {"submission": ["a@x.org", "b@y.org"]}, []),
        (
            (DIRECT, SUBMISSION),
            ["a@contoso.com", "b@x.org", "c@CONTOSO.com"],
            {"direct": ["a@contoso.com", "c@CONTOSO.com"], "submission": ["b@x.org"]},
            [],
        ),
        ((SUBMISSION, DIRECT), ["a@contoso.com"], {"submission": ["a@contoso.com"]}, []),
        (
            (DIRECT, OTHER_DIRECT),
            ["a@fabrikam.com", "b@contoso.com", "c@x.org"],
            {"other": ["a@fabrikam.com"], "direct": ["b@contoso.com"]},
            ["c@x.org"],
        ),
        ((DIRECT,), ["a@sub.contoso.com", "a@xcontoso.com"], {}, ["a@sub.contoso.com", "a@xcontoso.com"]),
        ((DIRECT,), [], {}, []),
    ],
)
def test_each_recipient_goes_to_the_first_upstream_that_may_carry_it(
    upstreams: tuple[dict[str, object], ...], recipients: list[str], groups: dict[str, list[str]], stranded: list[str]
):
    """Recipients are split by upstream in order of preference; a domain nobody may carry is left over."""
    found, left = assign(_config(*upstreams), addresses(*recipients))
    assert {name: list(whom) for name, whom in found.items()} == groups
    assert list(left) == stranded


@given(st.lists(st.sampled_from(["a@contoso.com", "b@fabrikam.com", "c@x.org", "d@contoso.com"]), unique=True))
def test_assignment_loses_and_doubles_nobody(recipients: list[str]):
    """Every recipient is in exactly one group or among the stranded, and the order given is kept."""
    groups, stranded = assign(_config(DIRECT, OTHER_DIRECT), addresses(*recipients))
    everybody = [*stranded, *(one for group in groups.values() for one in group)]
    assert sorted(everybody) == sorted(recipients)
    for group in (*groups.values(), stranded):
        assert [one for one in recipients if one in group] == list(group)


FELL_BACK = config(Path("/nowhere"), SUBMISSION, DIRECT, OTHER_DIRECT, delivery={"fallback": True})
PAUSES = st.dictionaries(st.sampled_from(["submission", "direct", "other"]), st.floats(1, 10))


@pytest.mark.parametrize(
    ("paused", "bound", "groups"),
    [
        ({}, {}, {"submission": ["a@contoso.com", "b@fabrikam.com", "c@x.org"]}),
        ({"direct": 9.0}, {}, {"submission": ["a@contoso.com", "b@fabrikam.com", "c@x.org"]}),
        ({"submission": 9.0}, {}, {
            "direct": ["a@contoso.com"], "other": ["b@fabrikam.com"], "submission": ["c@x.org"]
        }),
        ({"submission": 9.0, "direct": 8.0}, {}, {
            "other": ["a@contoso.com", "b@fabrikam.com"], "submission": ["c@x.org"]
        }),
        ({"submission": 9.0, "direct": 8.0, "other": 8.5}, {}, {
            "direct": ["a@contoso.com"], "other": ["b@fabrikam.com"], "submission": ["c@x.org"]
        }),
        ({}, {"a@contoso.com": "other"}, {"other": ["a@contoso.com"], "submission": ["b@fabrikam.com", "c@x.org"]}),
        ({"other": 9.0}, {"a@contoso.com": "other", "c@x.org": "gone"}, {
            "other": ["a@contoso.com"], "submission": ["b@fabrikam.com", "c@x.org"]
        }),
    ],
)  # fmt: skip
def test_with_fallback_the_paused_are_passed_over(
    paused: dict[str, float], bound: dict[Address, str], groups: dict[str, list[str]]
):
    """A paused upstream loses those another may carry; of several paused the first to end its rest; bound ones stay."""
    found, left = assign(FELL_BACK, addresses("a@contoso.com", "b@fabrikam.com", "c@x.org"), paused, bound)
    assert {name: list(whom) for name, whom in found.items()} == groups
    assert left == ()


@given(PAUSES, st.lists(st.sampled_from(["a@contoso.com", "b@fabrikam.com", "c@x.org"]), unique=True))
def test_passing_over_loses_and_doubles_nobody(paused: dict[str, float], recipients: list[str]):
    """Whatever rests, each recipient goes to exactly one upstream that may carry it, to a resting one only in need."""
    groups, _ = assign(FELL_BACK, addresses(*recipients), paused)
    assert sorted(one for group in groups.values() for one in group) == sorted(recipients)
    upstreams = {one.name: one for one in FELL_BACK.upstream}
    for name, group in groups.items():
        for recipient in group:
            carriers = [other for other, one in upstreams.items() if may_carry(one, recipient)]
            assert name in carriers
            assert paused.get(name, 0) == min(paused.get(other, 0) for other in carriers)
            assert free_at(FELL_BACK, [recipient], paused) == paused.get(name, 0)
    moved = sum(passed_over(FELL_BACK, groups).values())
    assert moved == sum(len(group) for name, group in groups.items() if name != "submission")


def test_maildir_is_found_by_name():
    """A maildir upstream is found by its name, and no other kind is."""
    settings = _config(SUBMISSION, {"method": "maildir", "name": "box", "path": "/srv/mail"})
    found = maildir_of(settings, "box")
    assert isinstance(found, Maildir)
    assert found.path == Path("/srv/mail")
    assert maildir_of(settings, "submission") is None
    assert isinstance(settings.upstream[0], ClientAuth)
    assert assign(settings, [Address("a@b.org")])[0] == {"submission": ("a@b.org",)}
