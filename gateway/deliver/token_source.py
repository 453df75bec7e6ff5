"""The access token of one upstream: cached, renewed ahead of its end, fetched for the application or by the sign-in."""

import asyncio
import threading
import time
from dataclasses import dataclass, field

from conf.model import Submission
from gateway.deliver import oauth, token_life
from gateway.deliver.replies import CONFIGURED_S
from gateway.deliver.token_fault import SIGN_IN, TokenError
from gateway.deliver.token_life import Access
from gateway.deliver.token_store import SignIn, Stamp, StoreError, TokenStore
from gateway.events import Event, log


@dataclass(slots=True)
class TokenSource:
    """The tokens of one upstream. ``store`` holds the sign-in, for ``auth = "oauth-device"``."""

    settings: Submission
    store: TokenStore
    _held: Access | None = None
    _stamp: Stamp | None = None
    _used_s: float = 0.0
    _failed_s: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._stamp = self.store.stamp()

    async def token(self) -> str:
        """Return a valid access token, from the cache or the token endpoint. Raises TokenError.

        While the cached one lives, an endpoint that is down, slow or refuses is not felt.
        """
        return await asyncio.to_thread(self._token)

    async def renew(self) -> None:
        """Fetch a token anew; the cached one stays when there is none to be had. Raises TokenError."""
        await asyncio.to_thread(self._renew)

    async def forget(self) -> None:
        """Drop the cached token: a smarthost refused it, so the next one is fetched anew."""
        self._held = None

    @property
    def wants_renewal(self) -> bool:
        """Tell whether the token in use ends soon."""
        held = self._held
        return held is not None and token_life.wants_renewal(held, self._used_s, self._failed_s, time.monotonic())

    def take_new_sign_in(self) -> bool:
        """Tell, once, whether somebody signed in since; the token of the sign-in before is dropped."""
        if self.settings.auth != "oauth-device":
            return False
        stamp = self.store.stamp()
        is_new = stamp is not None and stamp != self._stamp
        if is_new:
            self._stamp, self._held = stamp, None
        return is_new

    def _token(self) -> str:
        held = self._held
        if held is None or not token_life.is_fresh(held, time.monotonic()):
            with self._lock:
                held = self._fresh_or_alive()
        self._used_s = time.monotonic()
        return held.token

    def _fresh_or_alive(self) -> Access:
        held = self._held
        if held is not None and token_life.is_fresh(held, time.monotonic()):
            return held
        try:
            return self._fetch()
        except TokenError as error:
            if held is None or not token_life.is_alive(held, time.monotonic()):
                raise
            log(Event.RENEWAL_FAILED, upstream=self.settings.name, said=str(error), advice=error.advice or None)
            return held

    def _renew(self) -> None:
        with self._lock:
            self._fetch()

    def _fetch(self) -> Access:
        asked_s = time.monotonic()
        try:
            by_person = self.settings.auth == "oauth-device"
            granted = self._by_sign_in() if by_person else oauth.for_application(self.settings)
        except TokenError:
            self._failed_s = time.monotonic()
            raise
        self._failed_s = None
        self._held = Access(granted.access_token, asked_s, asked_s + granted.life_s)
        return self._held

    def _by_sign_in(self) -> oauth.Granted:
        name = self.settings.name
        try:
            stamp, sign_in = self.store.stamp(), self.store.read()
        except StoreError as error:
            raise TokenError(str(error), CONFIGURED_S, SIGN_IN) from error
        if sign_in is None:
            raise TokenError(f"nobody has signed in for upstream {name}", CONFIGURED_S, SIGN_IN)
        if (sign_in.tenant, sign_in.client_id) != (self.settings.tenant, self.settings.client_id):
            raise TokenError(f"the sign-in of upstream {name} is of another tenant or client_id", CONFIGURED_S, SIGN_IN)
        granted = oauth.by_refresh(self.settings, sign_in.refresh_token)
        if granted.refresh_token:
            stamp = self._store(sign_in, granted.refresh_token) or stamp
        self._stamp = stamp
        return granted

    def _store(self, spent: SignIn, refresh_token: str) -> Stamp | None:
        """Put the next refresh token on disk before anything relies on it; return the file's stamp when it is ours.

        A disk that does not take it costs no scan: the spent one lives on, and is used again.
        """
        try:
            is_ours = self.store.exchange(spent, spent.renewed(refresh_token, time.time()))
        except (OSError, StoreError) as error:
            log(Event.LOCAL_FAULT, upstream=self.settings.name, reason=f"the next refresh token is not stored: {error}")
            return None
        return self.store.stamp() if is_ours else None
