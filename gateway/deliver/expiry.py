"""What of a login ends, when the admin hears of it, and what is to be done: decided, not done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Final

from conf.model import ClientAuth, Config

AHEAD_DAYS: Final = (30, 14, 7, 1)
ENDED: Final = 0
"""The stage of what has ended."""
URGENT_DAYS: Final = 14
"""From here on ``status`` says that a person is needed."""

SIGN_IN_LIFE: Final = timedelta(days=90)
"""How long a refresh token lives without being used ("Refresh tokens in the Microsoft identity platform")."""

PASSWORDS_END: Final = date(2026, 12, 31)
"""Exchange Team Blog, 27 January 2026: off by default in existing tenants at the end of December 2026."""


class Credential(StrEnum):
    """What ends; the value is how people are told of it."""

    CLIENT_SECRET = "client secret"  # noqa: S105  a name
    APP_CERTIFICATE = "certificate of the application"
    CLIENT_CERTIFICATE = "client certificate"
    SIGN_IN = "sign-in"


_KEYS: Final = {
    Credential.CLIENT_SECRET: "client_secret_expires",
    Credential.APP_CERTIFICATE: "certificate_file",
    Credential.CLIENT_CERTIFICATE: "certificate_file",
    Credential.SIGN_IN: "auth",
}
_MENDS: Final = {
    Credential.CLIENT_SECRET: (
        "Make a new client secret in Entra (App registrations, Certificates & secrets), put its value into "
        "client_secret_file and its day into client_secret_expires, and restart scangate."
    ),
    Credential.APP_CERTIFICATE: (
        "Make a new certificate, add it to the app registration in Entra, put it and its key into certificate_file and "
        "key_file, and restart scangate."
    ),
    Credential.CLIENT_CERTIFICATE: (
        "Renew the certificate under the same name, put it and its key into certificate_file and key_file, and restart "
        "scangate."
    ),
    Credential.SIGN_IN: 'Run "scangate login" on the box, and sign in as the mailbox.',
}


@dataclass(frozen=True, slots=True)
class Expiry:
    """One credential of one upstream, and when it ends."""

    upstream: str
    what: Credential
    ends_at: datetime

    @property
    def mend(self) -> str:
        """What a person has to do."""
        return _MENDS[self.what]


def days_left(expiry: Expiry, now: datetime) -> int:
    """Return the days that are left, begun ones included; 0 or less when it has ended."""
    return ceil((expiry.ends_at - now) / timedelta(days=1))


def stage(expiry: Expiry, now: datetime) -> int | None:
    """Return the last of the days ahead that has come (30, 14, 7, 1), ``ENDED``, or None while all is well."""
    left = days_left(expiry, now)
    if left <= 0:
        return ENDED
    return min((days for days in AHEAD_DAYS if left <= days), default=None)


def told_as(expiry: Expiry, at_stage: int) -> str:
    """Return under which name it is noted that a stage was told; a renewed credential has names of its own."""
    return f"{expiry.what} {expiry.ends_at:%Y-%m-%d} {at_stage}"


def news(
    expiries: Iterable[Expiry], told: Mapping[str, Iterable[str]], now: datetime
) -> tuple[tuple[Expiry, int], ...]:
    """Return what is to be told now, with its stage; ``told`` is what was told of each upstream."""
    found = ((one, stage(one, now)) for one in expiries)
    return tuple(
        (one, at) for one, at in found if at is not None and told_as(one, at) not in set(told.get(one.upstream, ()))
    )


def outdated(upstream: str, expiries: Iterable[Expiry], told: Iterable[str]) -> tuple[str, ...]:
    """Return the names to be forgotten: of credentials that were renewed or are no longer used."""
    current = tuple(f"{one.what} {one.ends_at:%Y-%m-%d} " for one in expiries if one.upstream == upstream)
    return tuple(sorted(name for name in told if not name.startswith(current)))


def sentence(expiry: Expiry, now: datetime) -> str:
    """Return in one sentence what ends, or has ended, and when."""
    left = days_left(expiry, now)
    when = "has ended" if left <= 0 else f"ends in {left} day{'' if left == 1 else 's'}"
    return f"The {expiry.what} of upstream {expiry.upstream} {when}: {expiry.ends_at:%Y-%m-%d}."


def warnings(config: Config, expiries: Iterable[Expiry], now: datetime) -> list[str]:
    """Return what ``check`` says of logins that end within a month, have ended, or are no longer the default."""
    found = [
        f"upstream.{one.upstream}.{_KEYS[one.what]}: {sentence(one, now)} {one.mend}"
        for one in expiries
        if stage(one, now) is not None
    ]
    if now.date() >= PASSWORDS_END:
        found += [
            f"upstream.{one.name}.auth: Microsoft has turned password login off by default since "
            f"{PASSWORDS_END:%Y-%m-%d}; "
            'where an admin has switched it on again it will be removed: change to "oauth-app" or "oauth-device"'
            for one in config.upstream
            if isinstance(one, ClientAuth) and one.auth == "password"
        ]
    return found


def end_of(day: date) -> datetime:
    """Return when what expires on a day is over: at its begin, as nobody notes the hour."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
