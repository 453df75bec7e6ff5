"""What of a configuration's logins ends, and when: read from the configuration, its certificates and its sign-ins."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from conf.model import ClientAuth, Config, HighVolume, Relay, Submission
from gateway import pem
from gateway.deliver.expiry import SIGN_IN_LIFE, Credential, Expiry, end_of
from gateway.deliver.token_store import StoreError, TokenStore


def expiries(config: Config) -> tuple[Expiry, ...]:
    """Return all that ends, soonest first; what cannot be read is left out, as other checks name it."""
    return tuple(sorted(_found(config), key=lambda one: (one.ends_at, one.upstream, one.what)))


def without_sign_in(config: Config) -> list[str]:
    """Return a sentence for each upstream that waits for somebody's first sign-in."""
    return [
        f"upstream.{one.name}.auth: nobody has signed in for it yet: run scangate login"
        for one in config.upstream
        if isinstance(one, ClientAuth | HighVolume) and one.auth == "oauth-device"
        if _is_missing(TokenStore(config.gateway.state, one.name).path)
    ]


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # somebody who may not look knows nothing
        return False
    return False


def _found(config: Config) -> Iterator[Expiry]:
    for upstream in config.upstream:
        match upstream:
            case ClientAuth(auth="oauth-app") | HighVolume(auth="oauth-app"):
                yield from _of_application(upstream)
            case ClientAuth(auth="oauth-device") | HighVolume(auth="oauth-device"):
                yield from _of_sign_in(upstream, config.gateway.state)
            case Relay(certificate_file=Path() as file):
                yield from _of_certificate(upstream.name, Credential.CLIENT_CERTIFICATE, file)
            case _:
                pass


def _of_application(upstream: Submission) -> Iterator[Expiry]:
    if upstream.certificate_file is not None:
        yield from _of_certificate(upstream.name, Credential.APP_CERTIFICATE, upstream.certificate_file)
    elif upstream.client_secret_expires is not None:
        yield Expiry(upstream.name, Credential.CLIENT_SECRET, end_of(upstream.client_secret_expires))


def _of_sign_in(upstream: Submission, state: Path) -> Iterator[Expiry]:
    try:
        sign_in = TokenStore(state, upstream.name).read()
    except StoreError:
        return
    if sign_in is not None:
        refreshed_at = datetime.fromtimestamp(sign_in.refreshed_at, UTC)
        yield Expiry(upstream.name, Credential.SIGN_IN, refreshed_at + SIGN_IN_LIFE)


def _of_certificate(name: str, what: Credential, file: Path) -> Iterator[Expiry]:
    try:
        ends_at = pem.ends_at(file.read_bytes())
    except (OSError, ValueError):
        return
    yield Expiry(name, what, ends_at)
