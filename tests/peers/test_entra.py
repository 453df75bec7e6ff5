"""The token endpoint is one that Microsoft's own library accepts, and it fails as Microsoft's does."""

import threading
import urllib.parse

import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.peers import tokens
from tests.peers.certificates import Certificate, Certificates
from tests.peers.entra import CLIENT_ID, CLIENT_SECRET, MAILBOX, Entra

APP_SCOPE = ["https://outlook.office365.com/.default"]
DELEGATED_SCOPE = ["https://outlook.office.com/SMTP.Send"]


@pytest.fixture
def http(certificates: Certificates):
    """An HTTP client that trusts the session's authority and nothing in the environment."""
    with requests.Session() as session:
        session.verify = str(certificates.authority_file)
        session.trust_env = False
        yield session


def _app(
    entra: Entra, http: requests.Session, credential: object = CLIENT_SECRET
) -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        CLIENT_ID,
        client_credential=credential,
        authority=entra.authority,
        instance_discovery=False,
        http_client=http,
    )


def _assertion(certificate: Certificate) -> dict[str, str]:
    read = x509.load_pem_x509_certificate(certificate.chain.read_bytes())
    return {"private_key": certificate.key.read_text(), "thumbprint": read.fingerprint(hashes.SHA1()).hex()}


def _introspect(entra: Entra, http: requests.Session, token: str) -> dict[str, object]:
    return dict(http.post(entra.introspection_url, data={"token": token}, timeout=10).json())


def test_a_secret_buys_a_token_once(entra: Entra, http: requests.Session):
    """MSAL gets a token for a secret, and the second one out of its own cache without a request."""
    app = _app(entra, http)
    first = app.acquire_token_for_client(APP_SCOPE)
    assert app.acquire_token_for_client(APP_SCOPE)["access_token"] == first["access_token"]
    assert [(one.grant, one.status) for one in entra.token_requests] == [("client_credentials", 200)]
    told = _introspect(entra, http, first["access_token"])
    assert (told["active"], told["username"]) == (True, MAILBOX)


def test_the_other_spelling_of_the_authority(entra: Entra, http: requests.Session):
    """MSAL also takes it as a generic OpenID Connect authority, without the discovery flag."""
    app = msal.ConfidentialClientApplication(
        CLIENT_ID, client_credential=CLIENT_SECRET, oidc_authority=entra.authority, http_client=http
    )
    assert "access_token" in app.acquire_token_for_client(APP_SCOPE)


def test_a_certificate_buys_a_token(
    entra: Entra, http: requests.Session, app_certificate: Certificate, certificates: Certificates
):
    """An assertion signed with the app's certificate is taken, one signed with another is AADSTS700027."""
    good = _app(entra, http, _assertion(app_certificate)).acquire_token_for_client(APP_SCOPE)
    assert "access_token" in good
    bad = _app(entra, http, _assertion(certificates.client())).acquire_token_for_client(APP_SCOPE)
    assert bad["error_codes"] == [700027]


@pytest.mark.parametrize(
    ("refusal", "number"),
    [(tokens.SECRET_WRONG, 7000215), (tokens.SECRET_EXPIRED, 7000222)],
)
def test_refuses_as_told_and_recovers(entra: Entra, http: requests.Session, refusal: tokens.Refusal, number: int):
    """A scripted refusal reaches MSAL with Microsoft's number as often as asked for, and then it works again."""
    entra.refuse(refusal, times=1)
    app = _app(entra, http)
    refused = app.acquire_token_for_client(APP_SCOPE)
    assert f"AADSTS{number}" in refused["error_description"]
    assert "access_token" in app.acquire_token_for_client(APP_SCOPE)
    assert [one.status for one in entra.token_requests] == [refusal.status, 200]


def test_an_endpoint_that_is_down(entra: Entra, http: requests.Session):
    """A 503 reaches MSAL as its own exception, and not as a refusal, until the endpoint recovers."""
    entra.refuse(tokens.UNAVAILABLE)
    app = _app(entra, http)
    for _ in range(2):
        with pytest.raises(msal.exceptions.MsalServiceError, match="503"):
            app.acquire_token_for_client(APP_SCOPE)
    entra.recover()
    assert "access_token" in _app(entra, http).acquire_token_for_client(APP_SCOPE)


def test_a_wrong_secret_is_refused(entra: Entra, http: requests.Session):
    """The secret is really checked, and so is the application's id."""
    assert _app(entra, http, "wrong").acquire_token_for_client(APP_SCOPE)["error_codes"] == [7000215]
    form = {"client_id": "other", "grant_type": "client_credentials"}
    answer = http.post(f"{entra.authority}/oauth2/v2.0/token", data=form, timeout=10)
    assert answer.json()["error_codes"] == [700016]


def test_a_slow_endpoint_answers_when_released(entra: Entra, http: requests.Session):
    """A held request gets no answer, and its answer once released; others wait with it."""
    entra.hold()
    got: list[object] = []
    asking = threading.Thread(target=lambda: got.append(_app(entra, http).acquire_token_for_client(APP_SCOPE)))
    asking.start()
    asking.join(0.3)
    assert asking.is_alive()
    entra.release()
    asking.join(10)
    assert isinstance(got[0], dict)
    assert "access_token" in got[0]


def test_tokens_expire_are_revoked_and_have_an_audience(entra: Entra, http: requests.Session):
    """A token past its life, a revoked one, one for Graph and an invented one are not active for mail."""
    good = entra.issue()
    assert _introspect(entra, http, good)["active"] is True
    entra.token_life_s = -1
    assert _introspect(entra, http, entra.issue())["active"] is False
    entra.token_life_s = 3600
    assert _introspect(entra, http, entra.issue(scope="https://graph.microsoft.com/.default"))["active"] is False
    entra.revoke()
    assert _introspect(entra, http, good)["active"] is False
    assert _introspect(entra, http, "invented")["active"] is False


def test_device_code_sign_in(entra: Entra, http: requests.Session):
    """MSAL waits while nobody signs in, gets a token when somebody does, and renews it with the refresh token."""
    app = msal.PublicClientApplication(CLIENT_ID, authority=entra.authority, instance_discovery=False, http_client=http)
    flow = app.initiate_device_flow(DELEGATED_SCOPE)
    assert flow["user_code"] in flow["message"]
    pending = app.acquire_token_by_device_flow(flow, exit_condition=lambda _flow: True)
    assert pending["error"] == "authorization_pending"
    entra.codes.approve()
    first = app.acquire_token_by_device_flow(flow)
    assert _introspect(entra, http, first["access_token"])["active"] is True
    (account,) = app.get_accounts()
    assert account["username"] == MAILBOX
    second = app.acquire_token_silent(DELEGATED_SCOPE, account, force_refresh=True)
    assert second["access_token"] != first["access_token"]
    entra.revoke()
    refused = app.acquire_token_silent_with_error(DELEGATED_SCOPE, account, force_refresh=True)
    assert refused["error_codes"] == [700082]


@pytest.mark.parametrize(
    ("deed", "error"), [("decline", "authorization_declined"), ("forget", "invalid_grant"), ("slow", "slow_down")]
)
def test_a_sign_in_that_comes_to_nothing(entra: Entra, http: requests.Session, deed: str, error: str):
    """A code that is declined, not known any more, or asked for too often is answered in the words of RFC 8628."""
    app = msal.PublicClientApplication(CLIENT_ID, authority=entra.authority, instance_discovery=False, http_client=http)
    flow = app.initiate_device_flow(DELEGATED_SCOPE)
    assert entra.codes.is_waited_for
    match deed:
        case "decline":
            entra.codes.decline()
        case "forget":
            entra.codes.forget()
        case _:
            entra.refuse(tokens.SLOW_DOWN)
    answer = app.acquire_token_by_device_flow(flow, exit_condition=lambda _flow: True)
    assert answer["error"] == error


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_spent_refresh_token(entra: Entra, http: requests.Session, *, is_kept: bool):
    """It works again only where the stand-in is told to be as patient as Entra is."""
    entra.keeps_spent = is_kept
    form = {"client_id": CLIENT_ID, "grant_type": "refresh_token", "refresh_token": entra.issue_refresh()}
    url = f"{entra.authority}/oauth2/v2.0/token"
    answers = [http.post(url, data=form, timeout=10).status_code for _ in range(2)]
    assert answers == [200, 200 if is_kept else 400]
    assert entra.knows(form["refresh_token"]) is is_kept


def test_unknown_paths_are_404(entra: Entra, http: requests.Session):
    """Nothing but the documented paths is answered."""
    assert http.get(f"{entra.authority}/other", timeout=10).status_code == 404
    assert http.post(urllib.parse.urljoin(entra.authority, "/other"), timeout=10).status_code == 404


def test_closing_ends_a_held_request(server_certificate: Certificate, http: requests.Session):
    """A server closed while it holds a request still ends all its threads."""
    before = set(threading.enumerate())
    with Entra(server_certificate) as entra:
        entra.hold()
        form = {"client_id": CLIENT_ID, "grant_type": "client_credentials", "client_secret": CLIENT_SECRET}
        with pytest.raises(requests.Timeout):
            http.post(f"{entra.authority}/oauth2/v2.0/token", data=form, timeout=0.2)
    assert set(threading.enumerate()) <= before
