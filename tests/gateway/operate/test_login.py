"""Somebody signs in on the command line: which upstream, by a code, tried at the smarthost, stored or not."""

import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conf.model import Config
from gateway.deliver.token_store import SignIn, TokenStore
from gateway.operate import login
from gateway.operate.exits import Exit
from gateway.operate.login import LoginError, become_owner, choose, sign_in
from tests.gateway.command import ROOT, place, scangate
from tests.gateway.deliver.given import SENDER, config, password_auth
from tests.gateway.deliver.signed_in import device_auth
from tests.peers import tokens
from tests.peers.certificates import Certificates
from tests.peers.entra import CLIENT_ID, TENANT, Entra
from tests.peers.loopback import free_port
from tests.peers.postfix import Postfix

NAME = "client-auth"


def _config(folder: Path, port: int, certificates: Certificates, entra: Entra) -> Config:
    (folder / "state").mkdir()
    return config(folder, device_auth(port, certificates.authority_file, entra.port))


class _Person:
    """What is said to them, and what they do the next times the box waits for them."""

    def __init__(self, *deeds: Callable[[], None]) -> None:
        self.heard: list[str] = []
        self._deeds = list(deeds)

    def say(self, line: str) -> None:
        self.heard.append(line)

    def wait(self, seconds: float) -> None:
        assert seconds >= 1
        if self._deeds:
            self._deeds.pop(0)()

    def signs_in(self, settings: Config) -> bool:
        return sign_in(settings, choose(settings, None), self.say, self.wait)

    @property
    def text(self) -> str:
        return "\n".join(self.heard)


def _stored(settings: Config) -> SignIn | None:
    return TokenStore(settings.gateway.state, NAME).read()


def test_a_person_signs_in(entra: Entra, postfix: Postfix, certificates: Certificates, tmp_path: Path):
    """The code and the address are shown, the login is tried without a mail, and the sign-in is stored."""
    settings = _config(tmp_path, postfix.port, certificates, entra)
    person = _Person(lambda: None, entra.codes.approve)
    assert person.signs_in(settings)
    assert "https://microsoft.com/devicelogin" in person.text
    assert "DEVICE-" in person.text
    assert f"{SENDER} is signed in" in person.text
    stored = _stored(settings)
    assert stored is not None
    assert (stored.account, stored.tenant, stored.client_id) == (SENDER, TENANT, CLIENT_ID)
    assert entra.knows(stored.refresh_token)
    assert stored.refresh_token not in person.text
    assert entra.introspections >= 1
    assert postfix.all_mails() == []


def test_an_endpoint_in_trouble_is_asked_again(
    entra: Entra, postfix: Postfix, certificates: Certificates, tmp_path: Path
):
    """Slow down, and an outage while the code is good, end nothing; the outage is told once."""
    settings = _config(tmp_path, postfix.port, certificates, entra)
    person = _Person(
        lambda: entra.refuse(tokens.SLOW_DOWN, times=1),
        lambda: entra.refuse(tokens.UNAVAILABLE, times=2),
        lambda: None,
        entra.codes.approve,
    )
    assert person.signs_in(settings)
    assert person.text.count("still trying") == 1


@pytest.mark.parametrize(
    ("deed", "sentence"),
    [
        (lambda entra: entra.codes.decline(), "was declined"),
        (lambda entra: entra.refuse(tokens.CODE_EXPIRED), "has expired: run this again"),
        (lambda entra: entra.refuse(tokens.PUBLIC_CLIENT_OFF), "Allow public client flows"),
        (lambda entra: entra.codes.forget(), "AADSTS70019"),
    ],
)
def test_what_ends_a_sign_in(
    entra: Entra, certificates: Certificates, tmp_path: Path, deed: Callable[[Entra], None], sentence: str
):
    """Declined, expired, not allowed: the sentence says what to do, and nothing was stored."""
    settings = _config(tmp_path, free_port(), certificates, entra)
    with pytest.raises(LoginError, match=sentence):
        _Person(lambda: deed(entra)).signs_in(settings)
    assert _stored(settings) is None


def test_nobody_came(entra: Entra, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """When the code's time is over, that is said, and what to do."""
    now = [0.0]
    monkeypatch.setattr(login.time, "monotonic", lambda: now[0])  # type: ignore[attr-defined]

    def later() -> None:
        now[0] += 901

    settings = _config(tmp_path, free_port(), certificates, entra)
    with pytest.raises(LoginError, match="run this again"):
        _Person(later).signs_in(settings)
    assert _stored(settings) is None


def test_ctrl_c_keeps_the_sign_in_before(entra: Entra, certificates: Certificates, tmp_path: Path):
    """Ended while waiting, what was stored before stays as it was."""
    settings = _config(tmp_path, free_port(), certificates, entra)
    before = SignIn(SENDER, TENANT, CLIENT_ID, 1.0, 2.0, "before")
    TokenStore(settings.gateway.state, NAME).write(before)

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _Person(interrupt).signs_in(settings)
    assert _stored(settings) == before


def test_a_stranger_is_not_stored(entra: Entra, postfix: Postfix, certificates: Certificates, tmp_path: Path):
    """Who signs in as somebody else, whom the smarthost does not let in as the mailbox, is told; nothing is stored."""
    entra.mailbox = "eve@contoso.com"
    settings = _config(tmp_path, postfix.port, certificates, entra)
    with pytest.raises(LoginError, match=f"eve@contoso.com signed in, and may not log in as {SENDER}") as refused:
        _Person(entra.codes.approve).signs_in(settings)
    assert "535" in str(refused.value)
    assert _stored(settings) is None


def test_a_login_that_is_refused_is_told(
    entra: Entra, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The mailbox itself is stored though its login is refused: that is mended in the tenant, not by signing in."""
    settings = _config(tmp_path, free_port(), certificates, entra)

    async def refused(*_: object) -> login.Trial:
        return login.Trial(refused="535 5.7.139 SmtpClientAuthentication is disabled; Enable it")

    monkeypatch.setattr(login, "_tried", refused)
    person = _Person(entra.codes.approve)
    assert not person.signs_in(settings)
    assert "refuses the login: 535 5.7.139" in person.text
    assert _stored(settings) is not None


def test_a_smarthost_out_of_reach(entra: Entra, certificates: Certificates, tmp_path: Path):
    """The sign-in is stored though its login could not be tried; that is said, and that somebody else signed in."""
    entra.mailbox = "other@contoso.com"
    settings = _config(tmp_path, free_port(), certificates, entra)
    person = _Person(entra.codes.approve)
    assert not person.signs_in(settings)
    assert "could not be tried" in person.text
    assert f"that is not {SENDER}" in person.text
    assert _stored(settings) is not None


def test_which_upstream_is_meant(tmp_path: Path):
    """The only one needs no name; of several one is named; one with another login is refused with a sentence."""
    one, two = (device_auth(587, tmp_path, 443, name=name) for name in ("one", "two"))
    by_password = password_auth(587, tmp_path)
    assert choose(config(tmp_path, one, by_password), None).name == "one"
    assert choose(config(tmp_path, one, two), "two").name == "two"
    with pytest.raises(LoginError, match="--upstream: one, two"):
        choose(config(tmp_path, one, two), None)
    with pytest.raises(LoginError, match="name one of: one"):
        choose(config(tmp_path, one, by_password), NAME)
    with pytest.raises(LoginError, match="oauth-device"):
        choose(config(tmp_path, by_password), None)


@pytest.mark.parametrize("named", [(), ("--upstream", "nope")])
def test_no_upstream_to_sign_in_for_is_a_wrong_argument(tmp_path: Path, named: tuple[str, ...]):
    """The command says so by the exit code of wrong arguments, as ``scangate resume`` does of an unknown upstream."""
    done = scangate("login", "--config", place(tmp_path).config, *named)
    assert done.returncode == Exit.USAGE
    assert "oauth-device" in done.stderr


def test_a_state_that_is_not_there(tmp_path: Path):
    """Before the first start there is no state directory, and that is said before anybody signs in."""
    with pytest.raises(LoginError, match="start the service once"):
        become_owner(tmp_path / "state")
    become_owner(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_stores_as_the_services_user(tmp_path: Path):
    """What root stores belongs to the owner of the state directory, and root has become that user for good."""
    nobody = pwd.getpwnam("nobody")
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(0o755)
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, nobody.pw_uid, nobody.pw_gid)
    program = (
        "import os, sys; from pathlib import Path; from gateway.operate.login import become_owner; "
        "from gateway.deliver.token_store import SignIn, TokenStore; state = Path(sys.argv[1]); become_owner(state); "
        "TokenStore(state, 'client-auth').write(SignIn('a', 't', 'c', 1, 1, 'r')); print(os.getresuid())"
    )
    argv = [sys.executable, "-c", program, str(state)]
    ended = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    uid = nobody.pw_uid
    assert ended.stdout.startswith(f"({uid}, {uid}, {uid})")
    for path in (state / "tokens", state / "tokens" / "client-auth.json"):
        assert (path.stat().st_uid, path.stat().st_gid) == (nobody.pw_uid, nobody.pw_gid)
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
