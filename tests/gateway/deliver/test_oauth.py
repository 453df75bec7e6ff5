"""Access tokens for the application, from a real https token endpoint through msal."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.deliver import oauth
from gateway.deliver.replies import CONFIGURED_S, LOCKOUT_S
from gateway.deliver.token_fault import TokenError
from gateway.deliver.token_source import TokenSource
from gateway.deliver.token_store import TokenStore
from tests.gateway.deliver.given import client_auth, token_auth
from tests.gateway.deliver.signed_in import device_settings
from tests.peers import tokens
from tests.peers.certificates import Certificate, Certificates
from tests.peers.entra import Entra
from tests.peers.loopback import free_port
from tests.peers.tokens import Refusal

NO_STORE = TokenStore(Path("/nowhere"), "client-auth")


def _source(entra: Entra, certificates: Certificates, **keys: Any) -> TokenSource:
    settings = client_auth(token_auth(587, certificates.authority_file, entra.port, **keys))
    return TokenSource(settings, NO_STORE)


async def test_a_token_is_fetched_once_and_kept(entra: Entra, certificates: Certificates):
    """The first token is fetched for Exchange's own scope; the next ones come from the cache."""
    source = _source(entra, certificates)
    tokens_had = {await source.token() for _ in range(3)}
    assert len(tokens_had) == 1
    (request,) = entra.token_requests
    assert request.grant == "client_credentials"
    assert request.form["scope"] == "https://outlook.office365.com/.default"


async def test_many_ask_at_once_one_is_fetched(entra: Entra, certificates: Certificates):
    """Sessions that open together share one token."""
    source = _source(entra, certificates)
    assert len(set(await asyncio.gather(*(source.token() for _ in range(5))))) == 1
    assert len(entra.token_requests) == 1


async def test_a_forgotten_token_is_fetched_anew(entra: Entra, certificates: Certificates):
    """After forget the next token is another one; forgetting before there is one does nothing."""
    source = _source(entra, certificates)
    await source.forget()
    first = await source.token()
    await source.forget()
    assert await source.token() != first


async def test_a_certificate_instead_of_a_secret(
    entra: Entra, certificates: Certificates, app_certificate: Certificate
):
    """With a certificate a signed assertion is sent and no secret."""
    shown = {"certificate_file": str(app_certificate.chain), "key_file": str(app_certificate.key)}
    assert await _source(entra, certificates, **shown).token()
    (request,) = entra.token_requests
    assert "client_secret" not in request.form
    assert request.status == 200


@pytest.mark.parametrize(
    ("refusal", "pause_s", "advice"),
    [
        (tokens.SECRET_WRONG, LOCKOUT_S, "not its id"),
        (tokens.SECRET_EXPIRED, LOCKOUT_S, "has expired"),
        (tokens.CERTIFICATE_WRONG, LOCKOUT_S, "not the one registered"),
        (tokens.APP_UNKNOWN, LOCKOUT_S, "client_id"),
        (Refusal(400, "invalid_scope", 70011, "The provided value for scope is not valid."), CONFIGURED_S, "Check"),
        (tokens.UNAVAILABLE, 0.0, ""),
        (Refusal(400, "temporarily_unavailable", 90033, "Try again."), 0.0, ""),
    ],
)
async def test_a_refusal_says_what_to_do(
    entra: Entra, certificates: Certificates, refusal: Refusal, pause_s: float, advice: str
):
    """Row 28: Each refusal pauses as long as it must and says what a person has to mend; an outage needs nobody."""
    entra.refuse(refusal)
    source = _source(entra, certificates)
    with pytest.raises(TokenError) as refused:
        await source.token()
    assert refused.value.pause_s == pause_s
    assert advice in refused.value.advice
    assert bool(refused.value.advice) is bool(advice)
    assert "\n" not in str(refused.value)
    entra.recover()
    assert await source.token()


async def test_a_tenant_that_is_not_there_needs_a_person(entra: Entra, certificates: Certificates):
    """A mistyped tenant is refused before any token is asked for: no outage that may pass, but a key to mend."""
    with pytest.raises(TokenError, match="AADSTS90002: Tenant") as refused:
        await _source(entra, certificates, tenant="contosso.onmicrosoft.com").token()
    assert (refused.value.pause_s, refused.value.kind) == (LOCKOUT_S, "tenant-unknown")
    assert "check tenant" in refused.value.advice
    with pytest.raises(TokenError, match="AADSTS90002"):
        oauth.invite(device_settings(587, certificates.authority_file, entra.port, tenant="contosso.onmicrosoft.com"))


async def test_a_secret_is_never_in_the_sentence(entra: Entra, certificates: Certificates):
    """What is told of a refusal holds neither the secret nor a token."""
    entra.secret = None
    source = _source(entra, certificates, client_secret="Pssst-0815")
    with pytest.raises(TokenError) as refused:
        await source.token()
    assert "Pssst" not in f"{refused.value}{refused.value.advice}{source!r}"


async def test_no_endpoint_is_an_outage(certificates: Certificates):
    """A token endpoint that cannot be reached is an outage like any other; its sentence ends with the bare cause."""
    port = free_port()
    source = TokenSource(client_auth(token_auth(587, certificates.authority_file, port)), NO_STORE)
    with pytest.raises(
        TokenError, match=rf"^https://localhost:{port} cannot give a token \(Connection refused\)$"
    ) as failed:
        await source.token()
    assert failed.value.pause_s == 0.0


async def test_an_endpoint_nobody_trusts_gets_no_secret(
    entra: Entra, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
):
    """Only the authorities configured are trusted: a bundle in the environment does not win over ca_file."""
    stranger = certificates.of_unknown_authority().authority
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority_file))
    with pytest.raises(TokenError, match=r"cannot give a token \(.*certificate verify failed[^<>]*\)$"):
        await _source(entra, certificates, ca_file=str(stranger)).token()
    assert entra.token_requests == []


async def test_a_slow_endpoint_times_out(entra: Entra, certificates: Certificates, monkeypatch: pytest.MonkeyPatch):
    """An endpoint that takes the request and stays silent is left; the cached token of a later answer still works."""
    monkeypatch.setattr(oauth, "_TIMEOUT_S", 0.3)
    entra.hold()
    source = _source(entra, certificates)
    with pytest.raises(TokenError):
        await source.token()
    entra.release()
    assert await source.token()


@pytest.mark.parametrize("answer", [[], {}, {"access_token": None}, {"error": None}, "text", None, {"error": ["x"]}])
async def test_any_answer_of_the_endpoint_is_told(
    entra: Entra, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, answer: object
):
    """Whatever the endpoint or msal makes of it, the failure is a TokenError: no scan is lost over it."""
    monkeypatch.setattr(entra, "answer_token", lambda _form: (200, answer))
    with pytest.raises(TokenError):
        await _source(entra, certificates).token()


async def test_a_broken_key_is_named(
    entra: Entra, certificates: Certificates, app_certificate: Certificate, tmp_path: Path
):
    """A key file that is no key is a fault of the configuration that names its keys, not an outage of Microsoft."""
    key = tmp_path / "key.pem"
    key.write_text("no key")
    source = _source(entra, certificates, certificate_file=str(app_certificate.chain), key_file=str(key))
    with pytest.raises(TokenError, match="certificate_file, key_file") as failed:
        await source.token()
    assert failed.value.pause_s == CONFIGURED_S


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        "text",
        None,
        {"user_code": "A"},
        {"device_code": 1},
        {"user_code": "A", "interval": "x"},
        {"error": ["x"]},
    ],
)
async def test_any_answer_to_a_request_for_a_code_is_told(
    entra: Entra, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, answer: object
):
    """Whatever the endpoint says instead of a code, it is a TokenError, at once or when the code is asked about."""
    monkeypatch.setattr(entra, "answer_device", lambda _form: (200, answer))
    settings = device_settings(587, certificates.authority_file, entra.port)
    with pytest.raises(TokenError):
        oauth.invite(settings).poll()


@pytest.mark.parametrize("answer", [[], {}, "text", None, {"access_token": ""}, {"access_token": 1}, {"error": {}}])
async def test_any_answer_to_a_refresh_is_told(
    entra: Entra, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, answer: object
):
    """Whatever comes instead of a token for a refresh token, the failure is a TokenError."""
    monkeypatch.setattr(entra, "answer_token", lambda _form: (200, answer))
    with pytest.raises(TokenError):
        oauth.by_refresh(device_settings(587, certificates.authority_file, entra.port), "x")


@pytest.mark.parametrize(("said", "life_s"), [("3599", 3599), (-1, 0), (None, 0), ("soon", 0), (10**9, 86400)])
def test_any_life_is_a_life(said: object, life_s: float):
    """However the endpoint writes how long a token lives, it is a time within a day, or none."""
    granted = oauth._granted({"access_token": "Pssst-0815", "expires_in": said})
    assert granted.life_s == life_s
    assert "Pssst" not in repr(granted)
