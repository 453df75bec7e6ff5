"""The state of the box, in words and as JSON."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.operate.status import Status, is_running, look, show
from gateway.spool.job import State
from gateway.spool.traffic import Pause
from hotfolder.samba import CLOSED_NAME
from tests.gateway.deliver.given import config, direct
from tests.gateway.operate.given import LONG_REPLY, Desk, console, desk, printed
from tests.hotfolder.served import share

NAME = "direct-send"


@pytest.fixture
def here(tmp_path: Path):
    """An open state directory."""
    with desk(tmp_path / "state") as opened:
        yield opened


@contextmanager
def _service(here: Desk) -> Iterator[None]:
    """Hold the state directory as a running service does."""
    fd = os.open(here.state / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(fd)


def _look(here: Desk, **tables: Any) -> Status:
    settings = config(here.state.parent, direct(25, Path("/ca.pem")), **tables)
    assert settings.gateway.state == here.state
    return look(settings, here.journal, here.traffic)


def _shown(status: Status) -> str:
    on = console()
    show(status, on, is_json=False)
    text = printed(on)
    assert max(map(len, text.splitlines())) <= 80
    return text


def test_all_is_well(here: Desk):
    """A running service with nothing waiting needs nobody."""
    here.sent()
    with _service(here):
        status = _look(here)
        assert not status.needs_person
        text = _shown(status)
    for word in (
        ": running",
        "Waiting:   0\n",
        "Delivered: 1",
        "Failed:    0, in quarantine 0",
        f"{NAME} (direct-send) ok",
    ):
        assert word in text


def test_nobody_at_work_needs_a_person(here: Desk):
    """A service that does not run is told in capitals; looking makes no lock of its own."""
    assert not is_running(here.state)
    assert not (here.state / "lock").exists()
    status = _look(here)
    assert status.needs_person
    assert "NOT RUNNING" in _shown(status)


def test_looking_disturbs_no_start(here: Desk):
    """After a look at a free directory a service can take it at once."""
    (here.state / "lock").touch()
    assert not is_running(here.state)
    with _service(here):
        assert is_running(here.state)


@pytest.mark.parametrize("state", [State.FAILED, State.QUARANTINE])
def test_a_failure_needs_a_person(here: Desk, state: State):
    """A failed or quarantined scan is counted, and needs a person as long as it is kept, though all runs."""
    job_id = here.failed(state)
    kept = here.state / "spool" / state.value / job_id
    kept.mkdir(parents=True, exist_ok=True)
    with _service(here):
        status = _look(here)
        kept.rmdir()
        later = _look(here)
    assert (status.needs_person, status.kept, status.jobs[state]) == (True, 1, 1)
    assert (later.needs_person, later.kept, later.jobs[state]) == (False, 0, 1)


def test_what_waits_is_counted_with_the_oldest(here: Desk):
    """Jobs of every owed state are counted, and the age of the oldest is shown."""
    here.deferred()
    here.job()
    here.job(message=None)
    status = _look(here)
    assert status.oldest_s is not None
    assert 0 <= status.oldest_s < 60
    assert "Waiting:   3, the oldest for " in _shown(status)


def test_a_route_at_fault_says_what_to_do(here: Desk):
    """A paused upstream needs a person and shows what was said, what to do, and when it is tried again."""
    until = time.time() + 900
    here.traffic.pause(NAME, Pause(until, 1, LONG_REPLY, "Microsoft lists this public IP: delist portal."))
    with _service(here):
        status = _look(here)
    assert status.needs_person
    text = _shown(status)
    assert "at fault, is tried again at 20" in text
    assert "550 5.7.606" in text
    assert "To do: Microsoft lists this public IP" in text
    assert "More:  scangate explain ip-banned" in text
    here.traffic.pause(NAME, Pause(1.0, 1, "421 no", ""))
    assert "scangate explain" not in _shown(_look(here))
    assert "is tried again with the next scan" in _shown(_look(here))


def test_a_pause_of_an_upstream_that_is_gone_is_not_shown(here: Desk):
    """After an upstream is taken out of the configuration its old fault needs nobody."""
    here.traffic.pause("old", Pause(time.time() + 900, 1, "535 no", ""))
    with _service(here):
        assert not _look(here).needs_person


def test_little_space_needs_a_person(here: Desk):
    """Below the reserve the status says that no scan is accepted."""
    with _service(here):
        status = _look(here, gateway={"state": str(here.state), "free_space": "900000 GB"})
    assert status.is_space_low
    assert status.needs_person
    assert "TOO LITTLE" in _shown(status)


def test_closed_shares_need_a_person(here: Desk):
    """While the shares refuse new scans, also when there is a little more space again, the status says until when."""
    (here.state / CLOSED_NAME).touch()
    with _service(here):
        status = _look(here, gateway={"state": str(here.state), "free_space": "1 kB"})
    assert status.are_shares_closed
    assert not status.is_space_low
    assert status.needs_person
    assert "Shares:    CLOSED for new scans" in _shown(status)


def test_smb1_is_shown_as_long_as_it_is_on(here: Desk):
    """A share with legacy_smb1 is a warning in the status, and needs nobody."""
    shares = [share("old", legacy_smb1=True), share()]
    samba = {"interfaces": ["192.168.1.50"], "legacy_address": "192.168.1.51"}
    with _service(here):
        status = _look(here, share=shares, samba=samba)
    assert not status.needs_person
    assert "Warning:   share old has legacy_smb1, which is unsafe\n" in _shown(status)


def test_json_has_every_field(here: Desk):
    """JSON holds the whole record and whether somebody is needed."""
    here.failed()
    on = console(20)
    show(_look(here), on, is_json=True)
    told = json.loads(printed(on))
    assert set(told) == {*Status.__slots__, "needs_person"}
    assert told["jobs"]["failed"] == 1
    assert told["routes"][0]["name"] == NAME
