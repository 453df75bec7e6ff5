"""A token endpoint that MSAL accepts, for app-only and device-code sign-in, and that Dovecot asks about each token."""

import json
import ssl
import threading
import types
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self

import jwt
from cryptography import x509

from tests.peers import tokens
from tests.peers.certificates import Certificate
from tests.peers.device_codes import DeviceCodes
from tests.peers.loopback import ADDRESS
from tests.peers.tokens import Answer, Refusal

TENANT: Final = "contoso.onmicrosoft.com"
CLIENT_ID: Final = "11111111-2222-3333-4444-555555555555"
CLIENT_SECRET: Final = "entra-secret"
MAILBOX: Final = "scanner@contoso.com"
HANDSHAKE_S: Final = 10


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """One POST to the token endpoint as it came, and the HTTP status it got."""

    form: Mapping[str, str]
    status: int

    @property
    def grant(self) -> str:
        """The OAuth grant type asked for."""
        return self.form.get("grant_type", "")


class Entra:
    """The stand-in, serving from construction until close.

    Settable at any time: `token_life_s` (for tokens issued from now on), `mailbox` (whose tokens these are), `secret`
    (None: no secret is right any more), `assertion_certificate` (the only one whose signature is right), `keeps_spent`
    (whether a refresh token works again after it was used, as with Entra; not by default, so that none is used twice).
    `codes` are the device codes given out: approve or decline them.
    """

    def __init__(self, shown: Certificate, assertion_certificate: Certificate | None = None):
        """Listen on a free loopback port with TLS, showing a certificate for localhost."""
        self.token_life_s: float = 3600
        self.mailbox = MAILBOX
        self.secret: str | None = CLIENT_SECRET
        self.keeps_spent = False
        self.assertion_certificate = assertion_certificate
        self.token_requests: list[TokenRequest] = []
        self.introspections = 0
        self._shown = shown
        self._ledger = tokens.Ledger()
        self._lock = threading.Lock()
        self._refusal: Refusal | None = None
        self._refusals_left = 0
        self._may_answer = threading.Event()
        self._may_answer.set()
        self.codes = DeviceCodes()
        self._server = _Server(shown.server_context(), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="entra")
        self._thread.start()

    def __enter__(self) -> Self:
        """The stand-in itself; leaving the block closes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    @property
    def port(self) -> int:
        """The TCP port at localhost."""
        port: int = self._server.server_address[1]
        return port

    @property
    def authority(self) -> str:
        """The tenant's URL: for MSAL's authority= (with instance_discovery=False) and for its oidc_authority=."""
        return f"https://localhost:{self.port}/{TENANT}"

    @property
    def introspection_url(self) -> str:
        """Where Dovecot asks whether a token is good (RFC 7662, POST)."""
        return f"https://localhost:{self.port}/introspect"

    def refuse(self, refusal: Refusal, times: int = 1 << 30) -> None:
        """Answer the next token requests, as many as `times`, with this refusal; the default is until recover()."""
        with self._lock:
            self._refusal, self._refusals_left = refusal, times

    def recover(self) -> None:
        """End refuse() and hold(), and set everything settable back to where it began: ready for the next test."""
        with self._lock:
            self._refusal, self._refusals_left = None, 0
            self.token_requests.clear()
        self.codes.forget()
        self.token_life_s, self.mailbox, self.secret, self.keeps_spent = 3600, MAILBOX, CLIENT_SECRET, False
        self.release()

    def hold(self) -> None:
        """Let token requests wait without an answer until release()."""
        self._may_answer.clear()

    def release(self) -> None:
        """Answer what hold() has kept waiting, and everything later, at once."""
        self._may_answer.set()

    def revoke(self) -> None:
        """Make every token issued so far worthless."""
        self._ledger.revoke()

    def issue(self, mailbox: str | None = None, scope: str = "https://outlook.office365.com/.default") -> str:
        """A good access token without asking for it over the wire."""
        return self._ledger.issue_access(mailbox or self.mailbox, frozenset(scope.split()), self.token_life_s)

    def issue_refresh(self, scope: str = "https://outlook.office.com/SMTP.Send") -> str:
        """A good refresh token without signing in over the wire."""
        return self._ledger.issue_refresh(frozenset(scope.split()))

    def knows(self, refresh_token: str) -> bool:
        """Tell whether a refresh token would buy something."""
        return self._ledger.knows_refresh(refresh_token)

    def close(self) -> None:
        """Stop serving and wait for the threads."""
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def configuration(self) -> Answer:
        """What OpenID Connect Discovery section 4.2 answers."""
        return 200, {
            "issuer": self.authority,
            "authorization_endpoint": f"{self.authority}/oauth2/v2.0/authorize",
            "token_endpoint": f"{self.authority}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{self.authority}/oauth2/v2.0/devicecode",
        }

    def answer_device(self, form: Mapping[str, str]) -> Answer:
        """A new device code."""
        return self.codes.give(frozenset(form.get("scope", "").split()))

    def answer_token(self, form: Mapping[str, str]) -> Answer:
        """Grant or refuse one token request, and note it."""
        self._may_answer.wait()
        with self._lock:
            refusal = self._refusal if self._refusals_left > 0 else None
            self._refusals_left -= 1
        status, body = refusal.answer() if refusal is not None else self._grant(form)
        with self._lock:
            self.token_requests.append(TokenRequest(form, status))
        return status, body

    def answer_introspection(self, form: Mapping[str, str]) -> Answer:
        """Tell whether a token is good, and count the question."""
        with self._lock:
            self.introspections += 1
        return self._ledger.introspect(form.get("token", ""))

    def _grant(self, form: Mapping[str, str]) -> Answer:
        if form.get("client_id") != CLIENT_ID:
            return tokens.APP_UNKNOWN.answer()
        scopes = frozenset(form.get("scope", "").split())
        match form.get("grant_type"):
            case "client_credentials":
                refusal = self._client_refusal(form)
                return refusal.answer() if refusal else self._app_token(scopes)
            case tokens.DEVICE_GRANT:
                return self._device_answer(form.get("device_code", ""))
            case "refresh_token":
                granted = self._ledger.spend_refresh(form.get("refresh_token", ""), is_kept=self.keeps_spent)
                return tokens.REFRESH_EXPIRED.answer() if granted is None else self._delegated_token(granted)
            case _:
                return tokens.GRANT_UNKNOWN.answer()

    def _device_answer(self, code: str) -> Answer:
        bought = self.codes.bought(code)
        return bought.answer() if isinstance(bought, Refusal) else self._delegated_token(bought)

    def _client_refusal(self, form: Mapping[str, str]) -> Refusal | None:
        if "client_assertion" in form:
            return None if self._signed_well(form["client_assertion"]) else tokens.CERTIFICATE_WRONG
        return None if self.secret is not None and form.get("client_secret") == self.secret else tokens.SECRET_WRONG

    def _signed_well(self, assertion: str) -> bool:
        if self.assertion_certificate is None:
            return False
        certificate = x509.load_pem_x509_certificate(self.assertion_certificate.chain.read_bytes())
        audience = f"{self.authority}/oauth2/v2.0/token"
        try:
            jwt.decode(assertion, certificate.public_key(), algorithms=["PS256", "RS256"], audience=audience)  # type: ignore[arg-type]
        except jwt.InvalidTokenError:
            return False
        return True

    def _app_token(self, scopes: frozenset[str]) -> Answer:
        access = self._ledger.issue_access(self.mailbox, scopes, self.token_life_s)
        return 200, {"token_type": "Bearer", "expires_in": int(self.token_life_s), "access_token": access}

    def _delegated_token(self, scopes: frozenset[str]) -> Answer:
        status, body = self._app_token(scopes)
        return status, {
            **body,
            "scope": " ".join(sorted(scopes)),
            "refresh_token": self._ledger.issue_refresh(scopes),
            "id_token": tokens.id_token(self.authority, CLIENT_ID, self.mailbox),
            "client_info": tokens.client_info(self.mailbox),
        }


class _Server(ThreadingHTTPServer):
    """Serves one Entra; each connection does its handshake in its own thread, so a slow client holds up nobody."""

    daemon_threads = False  # server_close waits for them

    def __init__(self, context: ssl.SSLContext, entra: Entra):
        self.entra = entra
        super().__init__((ADDRESS, 0), _Handler)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up or refuses our certificate is its own business."""


class _Handler(BaseHTTPRequestHandler):
    """Paths to calls; HTTP/1.0, so that each answer ends its connection."""

    server: _Server
    timeout = HANDSHAKE_S

    def do_GET(self) -> None:
        """Answer the configuration document; for another tenant that there is none, as Entra does."""
        path = urllib.parse.urlsplit(self.path).path
        if not path.endswith("/.well-known/openid-configuration"):
            self._send((404, {"error": "not_found"}))
        elif path.startswith(f"/{TENANT}/"):
            self._send(self.server.entra.configuration())
        else:
            self._send(tokens.TENANT_UNKNOWN.answer())

    def do_POST(self) -> None:
        """Answer tokens, device codes and introspection."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        path = urllib.parse.urlsplit(self.path).path
        if path == "/introspect":
            self._send(self.server.entra.answer_introspection(form))
        elif path == f"/{TENANT}/oauth2/v2.0/token":
            self._send(self.server.entra.answer_token(form))
        elif path == f"/{TENANT}/oauth2/v2.0/devicecode":
            self._send(self.server.entra.answer_device(form))
        else:
            self._send((404, {"error": "not_found"}))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: the requests are recorded."""

    def _send(self, answer: Answer) -> None:
        status, body = answer
        packed = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(packed)))
        self.end_headers()
        self.wfile.write(packed)
