"""The sign-in on disk: its owner's alone, whole at every instant, never lost to a crash."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.token_source import TokenSource
from gateway.deliver.token_store import SignIn, StoreError, TokenStore, parse
from tests.gateway.deliver.refreshing import DEAD
from tests.gateway.deliver.signed_in import device_settings, sign_in_of, signed_in
from tests.peers.certificates import Certificates
from tests.peers.entra import Entra

ROOT = Path(__file__).resolve().parents[3]
FIRST, SECOND, THIRD = (sign_in_of(f"token-{number}", at=1000.0 + number) for number in range(3))


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_written_is_read(tmp_path: Path):
    """A sign-in comes back as it was; before the first there is none."""
    store = TokenStore(tmp_path, "client-auth")
    assert store.read() is None
    assert store.stamp() is None
    store.write(FIRST)
    assert store.read() == FIRST
    store.write(SECOND)
    assert store.read() == SECOND


def test_nobody_else_may_read_it(tmp_path: Path):
    """Folder 0700 and file 0600, whatever the umask, also where the folder was open before."""
    old = os.umask(0)
    try:
        (tmp_path / "tokens").mkdir(mode=0o755)
        TokenStore(tmp_path, "client-auth").write(FIRST)
    finally:
        os.umask(old)
    assert _mode(tmp_path / "tokens") == 0o700
    assert [_mode(path) for path in sorted((tmp_path / "tokens").iterdir())] == [0o600, 0o600]


def test_a_spent_token_is_exchanged_only_for_its_own(tmp_path: Path):
    """A refresh replaces what it has spent; a sign-in that came in between stays."""
    store = TokenStore(tmp_path, "client-auth")
    store.write(FIRST)
    assert store.exchange(FIRST, SECOND)
    assert store.read() == SECOND
    assert not store.exchange(FIRST, THIRD)
    assert store.read() == SECOND
    store.path.unlink()
    assert not store.exchange(SECOND, THIRD)
    assert store.read() is None


def test_every_write_changes_the_stamp(tmp_path: Path):
    """A running service can tell a new sign-in from the one it knows, even an equal one."""
    store = TokenStore(tmp_path, "client-auth")
    stamps = set()
    for sign_in in (FIRST, FIRST, SECOND):
        store.write(sign_in)
        stamps.add(store.stamp())
    assert len(stamps) == 3


def test_upstreams_have_files_of_their_own(tmp_path: Path):
    """Two upstreams never share a sign-in."""
    TokenStore(tmp_path, "one").write(FIRST)
    TokenStore(tmp_path, "two").write(SECOND)
    assert TokenStore(tmp_path, "one").read() == FIRST


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path):
    """A folder in its place is a sentence, not a crash."""
    store = TokenStore(tmp_path, "client-auth")
    store.path.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"client-auth\.json cannot be read"):
        store.read()


WRITTEN = {"format": 1, **asdict(FIRST)}


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"refresh_token": ""},
        {"refresh_token": None},
        {"refreshed_at": "now"},
        {"refreshed_at": -1},
        {"refreshed_at": 1e300},
        {"signed_in_at": True},
        {"account": 1},
    ],
)
def test_what_scangate_did_not_write_is_refused(change: dict[str, object]):
    """A field of another kind or out of its range is damage, not a sign-in."""
    assert parse(json.dumps(WRITTEN).encode()) == FIRST
    with pytest.raises(ValueError, match="not what scangate writes"):
        parse(json.dumps(WRITTEN | change).encode())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(WRITTEN)), inner, max_size=7),
)


@given(st.binary() | _JSON.map(lambda value: json.dumps(value).encode()) | st.just(b"[" * 100_000))
def test_any_bytes_are_a_sign_in_or_damage(data: bytes):
    """Whatever stands in the file: a sign-in with a token, or ValueError."""
    try:
        found = parse(data)
    except ValueError:
        return
    assert isinstance(found, SignIn)
    assert found.refresh_token


def test_a_crash_at_any_step_leaves_a_token_that_works(entra: Entra, certificates: Certificates, tmp_path: Path):
    """Killed at every step of a refresh the file is whole, and what it holds buys a token at the next start."""
    entra.keeps_spent = True
    settings = device_settings(587, certificates.authority_file, entra.port)
    steps, died = 0, True
    while died:
        steps += 1
        state = tmp_path / f"{steps:03}"
        state.mkdir()
        signed_in(entra, settings, state)
        argv = [sys.executable, "-m", "tests.gateway.deliver.refreshing", str(state)]
        argv += [str(certificates.authority_file), str(entra.port), str(steps)]
        ended = subprocess.run(argv, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
        assert ended.returncode in {0, DEAD}, ended.stderr.decode()
        died = ended.returncode == DEAD
        found = TokenStore(state, settings.name).read()
        assert found is not None
        assert entra.knows(found.refresh_token)
        assert TokenSource(settings, TokenStore(state, settings.name))._token()
    assert steps > 6
