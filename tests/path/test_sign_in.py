"""Somebody signs in by a code, and scans go out as that mailbox: the whole service, the real smarthost."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.path.box import Box
from tests.path.upstreams import by_sign_in
from tests.peers import scans
from tests.peers.certificates import Certificates
from tests.peers.entra import MAILBOX, Entra
from tests.peers.loopback import wait_until
from tests.peers.postfix import Postfix


def _sign_in(box: Box, entra: Entra) -> str:
    """Run `scangate login`, sign in as soon as there is a code, and return what it said."""
    argv = [sys.executable, "-m", "gateway", "login", "--config", str(box.config)]
    with subprocess.Popen(argv, env=box.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        wait_until(lambda: entra.codes.is_waited_for, 30, "a code")
        entra.codes.approve()
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
    return said.decode()


def _scan(box: Box, name: str) -> None:
    (box.share / name).write_bytes(scans.tiff_g4())


def test_from_the_code_to_the_mailbox(
    make_box: Callable[..., Box], postfix: Postfix, entra: Entra, certificates: Certificates
):
    """A scan waits with the advice to sign in; after `scangate login` it goes, without a restart, and so does the next.

    Each refresh token is used once (this Entra takes none twice), also over a restart of the service.
    """
    box = make_box(by_sign_in(postfix.port, certificates.authority_file, entra))
    box.start()
    _scan(box, "one.tif")
    box.waits_for_event("route-paused")
    (route,) = box.status()["routes"]
    assert "nobody has signed in" in route["said"]
    assert "scangate login" in route["advice"]
    said = _sign_in(box, entra)
    assert re.search(r"enter the code +DEVICE-\d", said)
    assert f"{MAILBOX} is signed in" in said
    postfix.wait_for_mails("office@contoso.com", 1, timeout_s=60)
    box.waits_for_event("signed-in")
    box.stop()
    box.start()
    _scan(box, "two.tif")
    postfix.wait_for_mails("office@contoso.com", 2, timeout_s=60)
    assert {request.status for request in entra.token_requests} <= {200, 400}
    assert "XOAUTH2" in postfix.log_text()
    stored = json.loads((box.state / "tokens" / "submission.json").read_text())
    assert entra.knows(stored["refresh_token"])
    assert stored["refresh_token"] not in box.log


def test_ctrl_c_ends_a_sign_in(
    make_box: Callable[..., Box], postfix: Postfix, entra: Entra, certificates: Certificates
):
    """Ctrl-C while the code waits ends the command with code 1 and without a traceback; nothing is stored."""
    box = make_box(by_sign_in(postfix.port, certificates.authority_file, entra))
    box.state.mkdir()
    argv = [sys.executable, "-m", "gateway", "login", "--config", str(box.config)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(argv, env=box.environment, **pipes) as process:  # type: ignore[call-overload]
        wait_until(lambda: entra.codes.is_waited_for, 30, "a code")
        assert process.stdout is not None
        while b"Ctrl-C" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
        assert process.returncode == 1
    assert b"Traceback" not in said
    assert not (box.state / "tokens" / "submission.json").exists()


def test_login_says_what_is_missing(make_box: Callable[..., Box], tmp_path: Path):
    """Without an upstream to sign in for the sentence says so, and what the other logins need."""
    answer = make_box(f'[[upstream]]\nmethod = "maildir"\npath = "{tmp_path}/mail"\n').command("login")
    assert answer.returncode == 2
    assert "oauth-device" in answer.stderr
