"""Tokens from Entra: for the application, for a person who signs in by a code, and for one who did. Only user of msal.

msal is imported at the first token: it costs 21 MiB that a box on another method never needs (measured 2026-11).
An application object lives for one conversation, since msal answers a repeat from a cache of failures even when the
endpoint is well again; what is kept of a token, ``token_source`` and ``token_store`` keep.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from conf.model import Submission
from gateway.deliver.replies import CONFIGURED_S
from gateway.deliver.tls import CertificateError, upstream_context
from gateway.deliver.token_fault import TokenError, first_line, refused

_TIMEOUT_S: Final = 30.0
_DEEPEST: Final = 10
_WAITING: Final = frozenset({"authorization_pending", "slow_down"})  # RFC 8628 section 3.5

_REFUSED: Final = re.compile(r"AADSTS\d+: [^\"\\]+")
"""Why Entra has no configuration of a tenant; msal 1.39 hides it behind a sentence of its own (read 2026-11-25)."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What the endpoint gave. ``life_s`` is how long the access token lives; ``account`` is who signed in, if anybody.

    ``refresh_token`` is empty for an application, and when the endpoint keeps the one there is.
    """

    access_token: str = field(repr=False)
    life_s: float
    refresh_token: str = field(default="", repr=False)
    account: str = ""


@dataclass(slots=True)
class Invitation:
    """A code for a person to enter at an address; ``poll`` tells whether that was done."""

    code: str
    address: str
    life_s: float
    _app: Any = field(repr=False)
    _flow: dict[str, Any] = field(repr=False)
    _settings: Submission = field(repr=False)

    @property
    def interval_s(self) -> float:
        """How long to wait between two polls; the endpoint may raise it (RFC 8628 section 3.5)."""
        return max(_seconds(self._flow.get("interval"), 5.0), 1.0)

    def poll(self) -> Granted | None:
        """Return what was granted, None while nobody has signed in. Raises TokenError."""

        def ask() -> object:
            if self._app is None:
                self._app = _public(self._settings)
            answer = self._app.acquire_token_by_device_flow(self._flow, exit_condition=lambda _flow: True)
            return None if answer.get("error") in _WAITING else answer

        self._flow["interval"] = max(int(_seconds(self._flow.get("interval"), 5.0)), 1)
        try:
            answer = _said(self._settings, ask)
        except TokenError:
            self._app = None  # it would answer from its cache of failures for a minute
            raise
        return None if answer is None else _granted(answer)


def for_application(settings: Submission) -> Granted:
    """Return a token for the application itself (client credentials). Raises TokenError."""

    def ask() -> object:
        return _confidential(settings).acquire_token_for_client(scopes=[settings.scope])

    return _granted(_said(settings, ask))


def by_refresh(settings: Submission, refresh_token: str) -> Granted:
    """Return a token for the person who signed in, and the next refresh token. Raises TokenError."""

    def ask() -> object:
        return _public(settings).acquire_token_by_refresh_token(refresh_token, scopes=[settings.scope])

    return _granted(_said(settings, ask))


def invite(settings: Submission) -> Invitation:
    """Ask for a code that a person enters at an address (RFC 8628). Raises TokenError."""

    def ask() -> object:
        app = _public(settings)
        return {"app": app, "flow": app.initiate_device_flow(scopes=[settings.scope])}

    match _said(settings, ask):
        case {"app": app, "flow": dict(flow)} if "user_code" in flow:
            code, address = str(flow["user_code"]), str(flow.get("verification_uri"))
            return Invitation(code, address, _seconds(flow.get("expires_in"), 900.0), app, flow, settings)
        case {"flow": answer}:
            raise refused(answer)
        case answer:
            raise refused(answer)


def _said(settings: Submission, ask: Callable[[], object]) -> object:
    try:
        return ask()
    except CertificateError as error:
        raise TokenError(str(error), CONFIGURED_S, "") from error
    except Exception as error:  # msal raises whatever its parsers do, and none of it is a scan's fault
        if (named := _REFUSED.search(str(error.__context__))) is not None:
            raise refused({"error_description": named[0]}) from error
        through = "" if settings.proxy is None else f" through {settings.proxy}"
        sentence = f"{settings.authority} cannot give a token{through} ({_cause(error)})"
        raise TokenError(sentence, 0.0, "") from error


def _cause(error: BaseException) -> str:
    """Return what the system said, in its own words: requests wraps it in three errors, with pools and object names."""
    told: BaseException = error
    inner: BaseException | None = error
    for _ in range(_DEEPEST):
        if inner is None:
            break
        if isinstance(inner, OSError):
            told = inner
        inner = inner.__cause__ or inner.__context__
    return first_line((isinstance(told, OSError) and told.strerror) or told)


def _granted(answer: object) -> Granted:
    match answer:
        case {"access_token": str(token)} if token:
            assert isinstance(answer, Mapping)
            claims = answer.get("id_token_claims")
            account = claims.get("preferred_username") if isinstance(claims, Mapping) else None
            renewed = answer.get("refresh_token")
            return Granted(
                token,
                _seconds(answer.get("expires_in"), 0.0),
                renewed if isinstance(renewed, str) else "",
                account if isinstance(account, str) else "",
            )
        case _:
            raise refused(answer)


def _seconds(said: object, otherwise: float) -> float:
    is_number = isinstance(said, int | float) or (isinstance(said, str) and said.isascii() and said.isdigit())
    return min(max(float(said), 0.0), 86400.0) if is_number else otherwise  # type: ignore[arg-type]


def _confidential(settings: Submission) -> Any:
    import msal

    return msal.ConfidentialClientApplication(
        settings.client_id, client_credential=_credential(settings), **_connection(settings)
    )


def _public(settings: Submission) -> Any:
    import msal

    return msal.PublicClientApplication(settings.client_id, **_connection(settings))


def _connection(settings: Submission) -> dict[str, Any]:
    """Return msal's keywords; its session ignores the environment, whose bundle or proxy would win over the keys."""
    import requests

    session = requests.Session()
    session.trust_env = False
    # msal hands its timeout only to a session of its own; without one a silent endpoint would hold us for ever.
    session.request = functools.partial(session.request, timeout=_TIMEOUT_S)  # type: ignore[method-assign]
    if settings.ca_file is not None:
        session.verify = str(settings.ca_file)
    if settings.proxy is not None:
        session.proxies = {"https": settings.proxy}
    authority = settings.authority.rstrip("/")
    is_public_cloud = authority == "https://login.microsoftonline.com"
    return {
        "authority": f"{authority}/{settings.tenant}",
        "http_client": session,
        "instance_discovery": None if is_public_cloud else False,
    }


def _credential(settings: Submission) -> str | dict[str, str]:
    """Return what msal shows the token endpoint. Raises CertificateError for files that cannot be used."""
    if settings.certificate_file is not None and settings.key_file is not None:
        upstream_context(None, (settings.certificate_file, settings.key_file))  # it names what is wrong, msal does not
        return {
            "private_key": settings.key_file.read_text(encoding="ascii"),
            "public_certificate": settings.certificate_file.read_text(encoding="ascii"),
        }
    return "" if settings.client_secret is None else settings.client_secret.get_secret_value()
