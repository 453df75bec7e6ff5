"""An upstream that somebody has signed in for, and the files of it."""

import time
from pathlib import Path
from typing import Any

from conf.model import ClientAuth
from gateway.deliver.token_source import TokenSource
from gateway.deliver.token_store import SignIn, TokenStore
from tests.gateway.deliver.given import SENDER, client_auth, token_auth
from tests.peers.entra import CLIENT_ID, TENANT, Entra


def device_auth(port: int, authority: Path, entra_port: int, **keys: Any) -> dict[str, Any]:
    """The table of a client-auth upstream that somebody signs in for at the Entra at this port."""
    table = token_auth(port, authority, entra_port, auth="oauth-device", **keys)
    del table["client_secret"]
    return table


def device_settings(port: int, authority: Path, entra_port: int, **keys: Any) -> ClientAuth:
    """The same as settings."""
    return client_auth(device_auth(port, authority, entra_port, **keys))


def sign_in_of(refresh_token: str, at: float | None = None) -> SignIn:
    """A sign-in of the sender with this refresh token."""
    now = time.time() if at is None else at
    return SignIn(SENDER, TENANT, CLIENT_ID, now, now, refresh_token)


def signed_in(entra: Entra, settings: ClientAuth, state: Path) -> TokenSource:
    """The tokens of an upstream that somebody has just signed in for."""
    store = TokenStore(state, settings.name)
    store.write(sign_in_of(entra.issue_refresh()))
    return TokenSource(settings, store)
