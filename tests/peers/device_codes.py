"""The device codes of the Entra stand-in (RFC 8628): waiting, approved or declined by a person elsewhere."""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.peers import tokens
from tests.peers.tokens import Answer, Refusal


@dataclass(slots=True)
class DeviceCodes:
    """Every code given out; safe to use from several threads."""

    _waiting: dict[str, frozenset[str]] = field(default_factory=dict)  # and the scopes each asked for
    _approved: set[str] = field(default_factory=set)
    _declined: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def give(self, scopes: frozenset[str]) -> Answer:
        """A new device code (RFC 8628 section 3.2); the interval is short so that tests are."""
        with self._lock:
            code = f"device-{next(self._numbers)}"
            self._waiting[code] = scopes
        return 200, {
            "device_code": code,
            "user_code": code.upper(),
            "verification_uri": "https://microsoft.com/devicelogin",
            "expires_in": 900,
            "interval": 1,
            "message": f"Open https://microsoft.com/devicelogin and enter the code {code.upper()}.",
        }

    def approve(self) -> None:
        """Sign in with every code that waits."""
        with self._lock:
            self._approved.update(self._waiting)

    def decline(self) -> None:
        """Press Cancel for every code that waits."""
        with self._lock:
            self._declined.update(self._waiting)

    def forget(self) -> None:
        """Know no code any more."""
        with self._lock:
            self._waiting.clear()
            self._approved.clear()
            self._declined.clear()

    @property
    def is_waited_for(self) -> bool:
        """Whether a code waits for somebody."""
        with self._lock:
            return bool(self._waiting)

    def bought(self, code: str) -> frozenset[str] | Refusal:
        """The scopes that a code buys by now, or why it buys none. MSAL names the scopes with the code, not here."""
        with self._lock:
            if code not in self._waiting:
                return tokens.CODE_UNKNOWN
            if code in self._declined:
                return tokens.SIGN_IN_DECLINED
            return self._waiting[code] if code in self._approved else tokens.SIGN_IN_PENDING
