"""A mark of an upstream's settings, by which a start sees that a person has changed them; it tells no secret.

scrypt (RFC 7914) with a salt of its own: a password cannot be tried out on it any faster than 20 a second.
"""

import hashlib
import json
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from conf.hidden import SecretStr
from conf.model import ClientAuth, Config, HighVolume, Upstream
from gateway.deliver.token_store import StoreError, TokenStore

_SALT_BYTES: Final = 16
_COST: Final = 2**14
_BLOCKS: Final = 8
"""16 MiB and 50 ms: the interactive parameters of RFC 7914's author. Taken once a fault, and at a start with one."""


def mark(config: Config, upstream: Upstream) -> str:
    """Return a mark of all that an upstream depends on: its settings, secrets, files and sign-in, sender and name."""
    return _marked(config, upstream, secrets.token_bytes(_SALT_BYTES))


def is_of(marked: str, config: Config, upstream: Upstream) -> bool:
    """Tell whether a mark was made of the same settings."""
    salt, _, _ = marked.partition("$")
    return secrets.compare_digest(marked, _marked(config, upstream, bytes.fromhex(salt)))


def _marked(config: Config, upstream: Upstream, salt: bytes) -> str:
    values = {key: _plain(value) for key, value in asdict(upstream).items()}
    depends = [values, config.sender.address, config.gateway.name, *_signed_in(config, upstream)]
    whole = json.dumps(depends, sort_keys=True, default=str).encode()
    return f"{salt.hex()}${hashlib.scrypt(whole, salt=salt, n=_COST, r=_BLOCKS, p=1).hex()}"


def _signed_in(config: Config, upstream: Upstream) -> list[float]:
    """Return when somebody signed in for it, by which a start sees who did while the service was stopped."""
    if not isinstance(upstream, ClientAuth | HighVolume) or upstream.auth != "oauth-device":
        return []
    try:
        sign_in = TokenStore(config.gateway.state, upstream.name).read()
    except StoreError:
        return []
    return [] if sign_in is None else [sign_in.signed_in_at]


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return [str(value), _content(value)]
    return value


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    except OSError:
        return ""
