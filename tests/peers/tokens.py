"""The tokens of the Entra stand-in: issued, asked about, expired and revoked; answers as Microsoft words them."""

import base64
import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Answer = tuple[int, Mapping[str, object]]  # HTTP status and JSON body

TOKEN_CHARS: Final = 1500  # an app-only access token of Exchange Online is about that long; AUTH lines must carry it
DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"  # RFC 8628 section 3.4
SMTP_SCOPES: Final = frozenset(
    {
        "https://outlook.office365.com/.default",  # app-only: the audience Exchange Online insists on
        "https://outlook.office.com/.default",
        "https://outlook.office.com/SMTP.Send",  # delegated
        "https://outlook.office365.com/SMTP.Send",
    }
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One way to say no: HTTP status, OAuth error (RFC 6749 section 5.2), AADSTS number and sentence."""

    status: int
    error: str
    number: int
    sentence: str

    def answer(self) -> Answer:
        """Status and body, with the fields Microsoft sends."""
        return self.status, {
            "error": self.error,
            "error_description": f"AADSTS{self.number}: {self.sentence} Trace ID: 0 Correlation ID: 0",
            "error_codes": [self.number],
            "timestamp": time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime()),
            "trace_id": "00000000-0000-0000-0000-000000000000",
            "correlation_id": "00000000-0000-0000-0000-000000000000",
        }


# Numbers and sentences: Microsoft Entra authentication and authorization error codes.
SECRET_WRONG: Final = Refusal(401, "invalid_client", 7000215, "Invalid client secret provided.")
SECRET_EXPIRED: Final = Refusal(401, "invalid_client", 7000222, "The provided client secret keys for app are expired.")
CERTIFICATE_WRONG: Final = Refusal(401, "invalid_client", 700027, "The certificate used to sign is not registered.")
APP_UNKNOWN: Final = Refusal(400, "unauthorized_client", 700016, "Application was not found in the directory.")
TENANT_UNKNOWN: Final = Refusal(
    400, "invalid_tenant", 90002, "Tenant 'contoso.example' not found. Check the tenant ID."
)
REFRESH_EXPIRED: Final = Refusal(400, "invalid_grant", 700082, "The refresh token has expired due to inactivity.")
SIGN_IN_ENDED: Final = Refusal(400, "invalid_grant", 70043, "The refresh token has expired due to sign-in frequency.")
GRANT_REVOKED: Final = Refusal(400, "invalid_grant", 50173, "The provided grant has expired due to it being revoked.")
GRANT_ODD: Final = Refusal(400, "invalid_grant", 9000000, "Something went wrong.")
PUBLIC_CLIENT_OFF: Final = Refusal(401, "invalid_client", 7000218, "The request body must contain client_secret.")
SLOW_DOWN: Final = Refusal(400, "slow_down", 70016, "Polling too often.")
SIGN_IN_DECLINED: Final = Refusal(400, "authorization_declined", 70018, "The user declined.")
CODE_EXPIRED: Final = Refusal(400, "expired_token", 70020, "The device code has expired.")
SIGN_IN_PENDING: Final = Refusal(400, "authorization_pending", 70016, "Authorization is pending. Continue polling.")
CODE_UNKNOWN: Final = Refusal(400, "invalid_grant", 70019, "Verification code expired.")
GRANT_UNKNOWN: Final = Refusal(400, "unsupported_grant_type", 70003, "The grant type is not supported.")
UNAVAILABLE: Final = Refusal(503, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again.")


@dataclass(slots=True)
class Issued:
    """One access token: for which mailbox and scopes, and until when (seconds of time.time)."""

    mailbox: str
    scopes: frozenset[str]
    expires_s: float


@dataclass(slots=True)
class Ledger:
    """Every token issued and not revoked; safe to use from several threads."""

    _access: dict[str, Issued] = field(default_factory=dict)
    _refresh: dict[str, frozenset[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def issue_access(self, mailbox: str, scopes: frozenset[str], life_s: float) -> str:
        """A new access token, good for life_s from now."""
        token = "eyJ0" + secrets.token_hex(TOKEN_CHARS // 2)
        with self._lock:
            self._access[token] = Issued(mailbox, scopes, time.time() + life_s)
        return token

    def issue_refresh(self, scopes: frozenset[str]) -> str:
        """A new refresh token that buys these scopes again."""
        token = "0.A" + secrets.token_hex(200)
        with self._lock:
            self._refresh[token] = scopes
        return token

    def spend_refresh(self, token: str, *, is_kept: bool) -> frozenset[str] | None:
        """The scopes a refresh token buys; gone afterwards unless it is kept, as Entra does for a while."""
        with self._lock:
            return self._refresh.get(token) if is_kept else self._refresh.pop(token, None)

    def knows_refresh(self, token: str) -> bool:
        """Whether a refresh token would buy something."""
        with self._lock:
            return token in self._refresh

    def revoke(self) -> None:
        """Every access and refresh token issued so far is worthless from now on."""
        with self._lock:
            self._access.clear()
            self._refresh.clear()

    def introspect(self, token: str) -> Answer:
        """What RFC 7662 section 2.2 answers; a token of another audience, as for Graph, is not active for mail."""
        with self._lock:
            issued = self._access.get(token)
        if issued is None or issued.expires_s <= time.time() or not issued.scopes & SMTP_SCOPES:
            return 200, {"active": False}
        return 200, {
            "active": True,
            "username": issued.mailbox,
            "scope": " ".join(sorted(issued.scopes)),
            "exp": int(issued.expires_s),
        }


def id_token(issuer: str, client_id: str, mailbox: str) -> str:
    """An unsigned id_token with the claims MSAL looks at (OpenID Connect Core section 2)."""
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": client_id,
        "sub": mailbox,
        "oid": mailbox,
        "tid": "tenant",
        "preferred_username": mailbox,
        "iat": now,
        "exp": now + 3600,
    }
    return ".".join((_packed({"alg": "none", "typ": "JWT"}), _packed(claims), ""))


def client_info(mailbox: str) -> str:
    """The field by which MSAL tells accounts apart."""
    return _packed({"uid": mailbox, "utid": "tenant"})


def _packed(value: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
