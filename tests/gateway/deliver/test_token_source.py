"""The access token of an upstream: kept, renewed ahead of its end, by the application's proof or somebody's sign-in."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from conf.model import ClientAuth
from gateway.deliver import oauth, token_source
from gateway.deliver.replies import CONFIGURED_S, LOCKOUT_S
from gateway.deliver.token_fault import TRANSIENT_S, TokenError
from gateway.deliver.token_life import AHEAD_S, MARGIN_S
from gateway.deliver.token_source import TokenSource
from gateway.deliver.token_store import TokenStore
from tests.gateway.deliver.given import client_auth, token_auth
from tests.gateway.deliver.signed_in import device_settings, sign_in_of, signed_in
from tests.peers import tokens
from tests.peers.certificates import Certificates
from tests.peers.entra import Entra
from tests.peers.proxy import Proxy
from tests.peers.tokens import Refusal

NAME = "client-auth"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of the module, which a test may set forward."""
    now = [1000.0]
    monkeypatch.setattr(token_source.time, "monotonic", lambda: now[0])  # type: ignore[attr-defined]
    return now


def _by_app(entra: Entra, certificates: Certificates, **keys: object) -> TokenSource:
    settings = client_auth(token_auth(587, certificates.authority_file, entra.port, **keys))
    return TokenSource(settings, TokenStore(Path("/nowhere"), NAME))


def _by_person(entra: Entra, certificates: Certificates, state: Path) -> TokenSource:
    return signed_in(entra, device_settings(587, certificates.authority_file, entra.port), state)


def _stored(state: Path) -> str:
    sign_in = TokenStore(state, NAME).read()
    assert sign_in is not None
    return sign_in.refresh_token


async def test_an_outage_is_not_felt_while_the_token_lives(
    entra: Entra, certificates: Certificates, clock: list[float]
):
    """The endpoint down, the cached token is used to its end, and only then is there none."""
    source = _by_app(entra, certificates)
    first = await source.token()
    entra.refuse(tokens.UNAVAILABLE)
    clock[0] += 3600 - MARGIN_S - 1
    assert await source.token() == first
    assert len(entra.token_requests) == 1
    clock[0] += MARGIN_S
    with capture_logs() as logged:
        assert await source.token() == first
    assert [(line["event"], line["upstream"]) for line in logged] == [("renewal-failed", NAME)]
    clock[0] += 2
    with pytest.raises(TokenError) as failed:
        await source.token()
    assert failed.value.pause_s == 0.0
    entra.recover()
    assert await source.token() != first


async def test_a_slow_endpoint_holds_up_nobody_who_has_a_token(
    entra: Entra, certificates: Certificates, clock: list[float]
):
    """While a renewal waits for its answer, the token there is is given out at once."""
    source = _by_app(entra, certificates)
    first = await source.token()
    clock[0] += 3600 - AHEAD_S
    entra.hold()
    renewing = asyncio.create_task(source.renew())
    assert await source.token() == first
    assert not renewing.done()
    entra.release()
    await renewing
    assert await source.token() != first


async def test_a_token_in_use_is_renewed_ahead(entra: Entra, certificates: Certificates, clock: list[float]):
    """Five minutes before its end a token that was used wants renewal; a failed attempt is repeated a minute later."""
    source = _by_app(entra, certificates)

    def wants() -> bool:
        return source.wants_renewal

    assert not wants()
    await source.token()
    assert not wants()
    clock[0] += 3600 - AHEAD_S
    assert wants()
    entra.refuse(tokens.UNAVAILABLE, times=1)
    with pytest.raises(TokenError):
        await source.renew()
    assert not wants()
    clock[0] += 60
    assert wants()
    await source.renew()
    assert not wants()
    clock[0] += 3600 - AHEAD_S
    assert not wants(), "nobody used it"


async def test_tokens_that_live_shorter_than_the_margin(entra: Entra, certificates: Certificates, clock: list[float]):
    """A token of five seconds is fetched for every login, and serves when there is no other."""
    entra.token_life_s = 5
    source = _by_app(entra, certificates)
    first = await source.token()
    second = await source.token()
    assert second != first
    entra.refuse(tokens.UNAVAILABLE)
    clock[0] += 4
    assert await source.token() == second


async def test_each_refresh_token_is_used_once(
    entra: Entra, certificates: Certificates, clock: list[float], tmp_path: Path
):
    """Every refresh brings the next refresh token, which is on disk when the access token is given out."""
    source = _by_person(entra, certificates, tmp_path)
    seen = {_stored(tmp_path)}
    for _ in range(3):
        await source.token()
        assert entra.knows(_stored(tmp_path))
        seen.add(_stored(tmp_path))
        clock[0] += 3600
    assert len(seen) == 4
    assert [request.grant for request in entra.token_requests] == ["refresh_token"] * 3
    assert "https://outlook.office.com/SMTP.Send" in entra.token_requests[0].form["scope"].split()
    assert "offline_access" in entra.token_requests[0].form["scope"].split()


@pytest.mark.parametrize(
    ("refusal", "pause_s", "advice"),
    [
        (tokens.SIGN_IN_ENDED, CONFIGURED_S, "scangate login"),
        (tokens.REFRESH_EXPIRED, CONFIGURED_S, "scangate login"),
        (tokens.GRANT_REVOKED, CONFIGURED_S, "scangate login"),
        (tokens.GRANT_ODD, TRANSIENT_S, "may pass by itself"),
        (tokens.PUBLIC_CLIENT_OFF, LOCKOUT_S, "public client"),
        (tokens.UNAVAILABLE, 0.0, ""),
        (Refusal(400, "invalid_grant", 53003, "Access has been blocked."), CONFIGURED_S, "Conditional Access"),
    ],
)
async def test_no_refusal_removes_the_sign_in(
    entra: Entra, certificates: Certificates, tmp_path: Path, refusal: Refusal, pause_s: float, advice: str
):
    """A refused refresh says what to do and leaves the sign-in where it is: the refusal may have been a mishap."""
    source = _by_person(entra, certificates, tmp_path)
    before = _stored(tmp_path)
    entra.refuse(refusal)
    with pytest.raises(TokenError) as refused:
        await source.token()
    assert refused.value.pause_s == pause_s
    assert advice in refused.value.advice
    assert bool(refused.value.advice) is bool(advice)
    assert _stored(tmp_path) == before
    entra.recover()
    assert await source.token()


async def test_nobody_has_signed_in(entra: Entra, certificates: Certificates, tmp_path: Path):
    """Without a sign-in nothing is asked of Entra, and the advice is to sign in; as soon as somebody did, it works."""
    settings = device_settings(587, certificates.authority_file, entra.port)
    store = TokenStore(tmp_path, NAME)
    source = TokenSource(settings, store)
    with pytest.raises(TokenError, match="nobody has signed in") as refused:
        await source.token()
    assert "scangate login" in refused.value.advice
    assert entra.token_requests == []
    assert not source.take_new_sign_in()
    store.write(sign_in_of(entra.issue_refresh()))
    assert await source.token()


async def test_a_sign_in_for_another_application(entra: Entra, certificates: Certificates, tmp_path: Path):
    """After client_id or tenant was changed the sign-in is of no use, and that is said without asking Entra."""
    settings = device_settings(587, certificates.authority_file, entra.port, client_id="another")
    source = signed_in(entra, settings, tmp_path)
    with pytest.raises(TokenError, match="another tenant or client_id"):
        await source.token()
    assert entra.token_requests == []


async def test_a_damaged_file_is_named(entra: Entra, certificates: Certificates, tmp_path: Path):
    """A file that cannot be understood is named, with the advice to sign in, and is left alone."""
    source = _by_person(entra, certificates, tmp_path)
    source.store.path.write_bytes(b"\0\0\0")
    with pytest.raises(TokenError, match=r"client-auth\.json is damaged"):
        await source.token()
    assert source.store.path.read_bytes() == b"\0\0\0"


async def test_a_new_sign_in_is_noticed_once(entra: Entra, certificates: Certificates, tmp_path: Path):
    """What the service itself stores is no new sign-in; what somebody else stores is, once, and its token is used."""
    source = _by_person(entra, certificates, tmp_path)
    first = await source.token()
    assert not source.take_new_sign_in()
    source.store.write(sign_in_of(entra.issue_refresh()))
    assert source.take_new_sign_in()
    assert not source.take_new_sign_in()
    assert await source.token() != first
    assert not source.take_new_sign_in()


async def test_a_sign_in_during_a_refresh_wins(
    entra: Entra, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Who signs in while the service refreshes is not overwritten by it, and is noticed afterwards."""
    source = _by_person(entra, certificates, tmp_path)
    mine = sign_in_of(entra.issue_refresh())
    real = oauth.by_refresh

    def meanwhile(settings: ClientAuth, refresh_token: str) -> oauth.Granted:
        granted = real(settings, refresh_token)
        source.store.write(mine)
        return granted

    with monkeypatch.context() as patched:
        patched.setattr(oauth, "by_refresh", meanwhile)
        first = await source.token()
    assert _stored(tmp_path) == mine.refresh_token
    assert source.take_new_sign_in()
    assert await source.token() != first


async def test_a_full_disk_costs_no_scan(
    entra: Entra, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: list[float]
):
    """A refresh token that cannot be stored is not relied upon: the old one stays, and the access token is used."""
    entra.keeps_spent = True
    source = _by_person(entra, certificates, tmp_path)
    before = _stored(tmp_path)

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, capture_logs() as logged:
        patched.setattr("gateway.spool.durable.replace_file", full)
        assert await source.token()
    assert [line["event"] for line in logged] == ["local-fault"]
    assert _stored(tmp_path) == before
    clock[0] += 3600
    assert await source.token()
    assert _stored(tmp_path) != before


async def test_tokens_come_through_the_proxy(entra: Entra, certificates: Certificates, tmp_path: Path):
    """With a proxy every request goes through it, for the application and for a person; refused there, it is named."""
    with Proxy() as proxy:
        assert await _by_app(entra, certificates, proxy=proxy.url).token()
        through = len(proxy.tunnels)
        settings = device_settings(587, certificates.authority_file, entra.port, proxy=proxy.url)
        source = signed_in(entra, settings, tmp_path)
        assert await source.token()
        assert len(proxy.tunnels) > through > 0
        assert set(proxy.tunnels) == {f"localhost:{entra.port}"}
        proxy.is_refusing = True
        with pytest.raises(TokenError, match=f"through {proxy.url}") as refused:
            await source.renew()
        assert refused.value.pause_s == 0.0


async def test_the_environment_names_no_proxy(
    entra: Entra, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
):
    """A proxy in the environment is never used: tokens go where the configuration says."""
    with Proxy() as proxy:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert await _by_app(entra, certificates).token()
        assert proxy.tunnels == []


async def test_no_token_is_shown(entra: Entra, certificates: Certificates, tmp_path: Path):
    """Neither an access token nor a refresh token stands in what is printed of a source."""
    source = _by_person(entra, certificates, tmp_path)
    access = await source.token()
    shown = f"{source!r} {source.store.read()!r}"
    assert access not in shown
    assert _stored(tmp_path) not in shown
