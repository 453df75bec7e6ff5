"""Access tokens for the application (OAuth 2.0 client credentials). The only user of msal.

msal is imported at the first token: it costs 21 MiB that a box on another method never needs (measured 2026-11).
"""

import asyncio
import functools
import re
import threading
from dataclasses import dataclass, field
from typing import Any, Final

from conf.model import ClientAuth
from gateway.deliver.replies import CONFIGURED_S, LOCKOUT_S
from gateway.deliver.tls import CertificateError, upstream_context

_TIMEOUT_S: Final = 30.0

_ADVICE: Final = {
    "AADSTS7000215": (LOCKOUT_S, "The client secret is wrong: use the secret's value, not its id."),
    "AADSTS7000222": (LOCKOUT_S, "The client secret has expired: make a new one and put it into client_secret_file."),
    "AADSTS700016": (LOCKOUT_S, "client_id is not an application of this tenant."),
    "AADSTS90002": (LOCKOUT_S, "The tenant does not exist: check tenant."),
    "AADSTS700027": (LOCKOUT_S, "The certificate is not the one registered for the application."),
}


class TokenError(Exception):
    """No token could be had; the sentence says why. ``pause_s`` is how long to leave it; 0 means an outage."""

    def __init__(self, sentence: str, pause_s: float, advice: str) -> None:
        super().__init__(sentence)
        self.pause_s = pause_s
        self.advice = advice


@dataclass(slots=True)
class TokenSource:
    """The tokens of one client-auth upstream, cached by msal until shortly before they expire."""

    settings: ClientAuth
    _app: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def token(self) -> str:
        """Return a valid access token, from the cache or the token endpoint. Raises TokenError."""
        return await asyncio.to_thread(self._acquire)

    async def forget(self) -> None:
        """Drop the cached token: a smarthost refused it, so the next one is fetched anew."""
        await asyncio.to_thread(self._forget)

    def _forget(self) -> None:
        with self._lock:
            if self._app is not None:
                self._app.remove_tokens_for_client()

    def _acquire(self) -> str:
        with self._lock:
            try:
                if self._app is None:
                    self._app = _application(self.settings)
                answer = self._app.acquire_token_for_client(scopes=[self.settings.scope])
            except CertificateError as error:
                raise TokenError(str(error), CONFIGURED_S, "") from error
            except Exception as error:  # msal raises whatever its parsers do, and none of it is a scan's fault
                # msal answers a repeat from a cache of failures, even when the endpoint is well again: begin anew.
                self._app = None
                sentence = f"{self.settings.authority} cannot give a token ({_first_line(error)})"
                raise TokenError(sentence, 0.0, "") from error
            match answer:
                case {"access_token": str(token)}:
                    return token
                case _:
                    self._app = None
        raise _refused(answer)


def _application(settings: ClientAuth) -> Any:
    """Return msal's application; its session ignores the environment, where a bundle would win over ``ca_file``."""
    import msal
    import requests

    session = requests.Session()
    session.trust_env = False
    # msal hands its timeout only to a session of its own; without one a silent endpoint would hold us for ever.
    session.request = functools.partial(session.request, timeout=_TIMEOUT_S)  # type: ignore[method-assign]
    if settings.ca_file is not None:
        session.verify = str(settings.ca_file)
    is_public_cloud = settings.authority.rstrip("/") == "https://login.microsoftonline.com"
    return msal.ConfidentialClientApplication(
        settings.client_id,
        client_credential=_credential(settings),
        authority=f"{settings.authority.rstrip('/')}/{settings.tenant}",
        http_client=session,
        instance_discovery=None if is_public_cloud else False,
    )


def _credential(settings: ClientAuth) -> str | dict[str, str]:
    """Return what msal shows the token endpoint. Raises CertificateError for files that cannot be used."""
    if settings.certificate_file is not None and settings.key_file is not None:
        upstream_context(None, (settings.certificate_file, settings.key_file))  # it names what is wrong, msal does not
        return {
            "private_key": settings.key_file.read_text(encoding="ascii"),
            "public_certificate": settings.certificate_file.read_text(encoding="ascii"),
        }
    return "" if settings.client_secret is None else settings.client_secret.get_secret_value()


def _refused(answer: object) -> TokenError:
    fields = answer if isinstance(answer, dict) else {}
    error = str(fields.get("error"))
    described = _first_line(fields.get("error_description") or fields.get("error") or "no reason given")
    for code, (pause_s, advice) in _ADVICE.items():
        if re.search(rf"{code}(?!\d)", described):
            return TokenError(described, pause_s, advice)
    is_outage = error in {"temporarily_unavailable", "server_error"}
    return TokenError(
        described, 0.0 if is_outage else CONFIGURED_S, "" if is_outage else "Check tenant, client_id and secret."
    )


def _first_line(said: object) -> str:
    return (str(said).splitlines() or [type(said).__name__])[0][:300]
