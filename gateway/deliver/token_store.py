"""The sign-in of an upstream on disk: the refresh token that buys the next access token, its owner's alone.

Entra gives a new refresh token with each access token and lets the old one live on for a while, so at every instant the
file holds one that works: the old one until the new one is on disk. Nothing but a further sign-in ever removes a token.
"""

import fcntl
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from gateway.spool import durable

FOLDER: Final = "tokens"
_FORMAT: Final = 1
_LARGEST_BYTES: Final = 65_536
"""A refresh token of Entra has some 2 kB."""

Stamp = tuple[int, int, int]


class StoreError(Exception):
    """The file cannot be used; the sentence names it."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who signed in, for which application of which tenant, and the newest refresh token. Seconds since 1970 (UTC)."""

    account: str
    tenant: str
    client_id: str
    signed_in_at: float
    refreshed_at: float
    refresh_token: str = field(repr=False)

    def renewed(self, refresh_token: str, now: float) -> "SignIn":
        """Return the same sign-in with its next refresh token."""
        return replace(self, refresh_token=refresh_token, refreshed_at=now)


@dataclass(frozen=True, slots=True)
class TokenStore:
    """The file of one upstream."""

    state: Path
    upstream: str

    @property
    def path(self) -> Path:
        """Where the sign-in stands."""
        return self.state / FOLDER / f"{self.upstream}.json"

    def stamp(self) -> Stamp | None:
        """Return what changes with every new file; None while nobody has signed in, or it cannot be looked at."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def read(self) -> SignIn | None:
        """Return the sign-in; None while there is none. Raises StoreError."""
        try:
            with self.path.open("rb") as file:
                data = file.read(_LARGEST_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read ({error.strerror})") from error
        try:
            return parse(data)
        except ValueError as error:
            raise StoreError(f"{self.path} is damaged ({error})") from error

    def write(self, sign_in: SignIn) -> None:
        """Store a sign-in durably, in place of the one there is. Raises OSError."""
        with self._alone():
            self._replace(sign_in)

    def exchange(self, spent: SignIn, gained: SignIn) -> bool:
        """Store durably what a refresh has gained; False when somebody signed in meanwhile, whose token then stays.

        Raises OSError and StoreError; then the spent one still stands there.
        """
        with self._alone():
            found = self.read()
            if found is None or found.refresh_token != spent.refresh_token:
                return False
            self._replace(gained)
            return True

    def _replace(self, sign_in: SignIn) -> None:
        text = json.dumps({"format": _FORMAT, **asdict(sign_in)}, indent=1, sort_keys=True)
        durable.replace_file(self.path, [text.encode(), b"\n"], mode=0o600)

    def prepare(self) -> None:
        """Make the folder, for its owner alone. Raises OSError."""
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o700)
            durable.sync_directory(self.state)
        except FileExistsError:
            folder.chmod(0o700)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the service and ``scangate login`` from replacing each other's file in the same moment."""
        self.prepare()
        fd = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def parse(data: bytes) -> SignIn:
    """Return the sign-in that a file holds. Raises ValueError."""
    try:
        fields: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("no JSON") from error
    match fields:
        case {
            "format": int(form),
            "account": str(account),
            "tenant": str(tenant),
            "client_id": str(client_id),
            "signed_in_at": float() | int() as signed_in_at,
            "refreshed_at": float() | int() as refreshed_at,
            "refresh_token": str(refresh_token),
        } if form == _FORMAT and refresh_token and _is_time(signed_in_at) and _is_time(refreshed_at):
            return SignIn(account, tenant, client_id, float(signed_in_at), float(refreshed_at), refresh_token)
        case _:
            raise ValueError("not what scangate writes")


def _is_time(at: float) -> bool:
    """Tell whether this may be seconds since 1970, before 2100."""
    return not isinstance(at, bool) and math.isfinite(at) and 0 <= at < 4102444800  # noqa: PLR2004
