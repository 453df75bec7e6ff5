"""A start sees that a person has changed an upstream, and the journal tells nobody a password."""

from pathlib import Path
from typing import Any

import pytest

from conf.model import Config
from gateway.deliver.settings_mark import is_of, mark
from gateway.deliver.token_store import TokenStore
from tests.gateway.deliver.given import config, password_auth, token_auth
from tests.gateway.deliver.signed_in import device_auth, sign_in_of


def _marked(settings: Config) -> str:
    return mark(settings, settings.upstream[0])


@pytest.mark.parametrize(
    "changed",
    [
        {"password": "other"},
        {"username": "b@contoso.com"},
        {"host": "smtp.example.org"},
        {"messages_per_minute": 3},
        {"auth": "oauth-app", "tenant": "contoso.com", "client_id": "1", "client_secret": "2", "password": None},
    ],
)
def test_any_change_is_seen(tmp_path: Path, changed: dict[str, Any]):
    """Another password is another mark, and so is any other key; the same settings are the same whenever asked."""
    authority = tmp_path / "ca.pem"
    before = config(tmp_path, password_auth(587, authority))
    after = config(tmp_path, password_auth(587, authority, **changed))
    assert is_of(_marked(before), before, before.upstream[0])
    assert not is_of(_marked(before), after, after.upstream[0])
    assert _marked(before) != _marked(before)


def test_files_and_sender_count_too(tmp_path: Path):
    """A renewed certificate in the same file, another sender or another EHLO name: mended as well."""
    files = {name: tmp_path / name for name in ("certificate_file", "key_file")}
    for path in files.values():
        path.write_text("old")
    table = token_auth(587, tmp_path / "ca.pem", 443, **{name: str(path) for name, path in files.items()})
    settings = config(tmp_path, table)
    (upstream,) = settings.upstream
    known = _marked(settings)
    assert is_of(known, settings, upstream)
    assert not is_of(known, config(tmp_path, table, sender={"address": "b@contoso.com"}), upstream)
    assert not is_of(known, config(tmp_path, table, gateway={"name": "other.example.org"}), upstream)
    files["key_file"].write_text("new")
    assert not is_of(known, settings, upstream)


def test_a_sign_in_counts_too(tmp_path: Path):
    """Who signs in while the service is stopped has mended it; a refresh of the same sign-in has not."""
    settings = config(tmp_path, device_auth(587, tmp_path / "ca.pem", 443))
    (upstream,) = settings.upstream
    store = TokenStore(settings.gateway.state, upstream.name)
    store.state.mkdir()
    known = _marked(settings)
    first = sign_in_of("one", at=1000.0)
    store.write(first)
    assert not is_of(known, settings, upstream)
    known = _marked(settings)
    store.write(first.renewed("two", 2000.0))
    assert is_of(known, settings, upstream)
    store.write(sign_in_of("three", at=3000.0))
    assert not is_of(known, settings, upstream)
    store.path.write_text("damaged")
    assert not is_of(known, settings, upstream)


def test_it_holds_no_secret(tmp_path: Path):
    """Salt and hash, nothing else; two upstreams with one password cannot be told to have it."""
    settings = config(tmp_path, password_auth(587, tmp_path / "ca.pem", password="correct horse"))
    marks = {_marked(settings) for _ in range(3)}
    assert len(marks) == 3
    assert all(set(one) <= set("0123456789abcdef$") for one in marks)
