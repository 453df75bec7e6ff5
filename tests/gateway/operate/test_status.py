"""The state of the box, in words and as JSON."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.operate.records import moment
from gateway.operate.status import Status, is_running, look, show
from gateway.spool.job import State
from gateway.spool.self_tests import SelfTest, SelfTests
from gateway.spool.traffic import Adaption, Pause
from hotfolder.samba import CLOSED_NAME
from tests.gateway.deliver.given import config, direct, password_auth, token_auth
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
    assert "at fault\n           Is tried again at 20" in text
    assert "550 5.7.606" in text
    assert "To do: Microsoft lists this public IP" in text
    assert "More:  scangate explain ip-banned" in text
    here.traffic.pause(NAME, Pause(1.0, 1, "421 no", ""))
    assert "scangate explain" not in _shown(_look(here))
    assert "Is tried again with the next scan" in _shown(_look(here))


def test_a_route_at_fault_says_since_when_and_until_when_scans_wait(here: Desk):
    """A fault shows its kind and beginning, how many scans wait for it, and when the first of them is given up."""
    since = time.time() - 3600
    here.traffic.pause(NAME, Pause(time.time() + 900, 3, "535 no", "", since, "configuration"))
    first = here.journal.job(here.deferred())
    here.job()
    status = _look(here, delivery={"lifetime": "2d"})
    assert first is not None
    (route,) = status.routes
    assert (route.kind, route.since, route.waiting) == ("configuration", since, 2)
    assert route.given_up_at == first.created_at + 2 * 86400
    text = _shown(status)
    assert f"Since {moment(since)} (configuration)" in text
    assert f"2 wait for it; the first is given up at {moment(first.created_at + 2 * 86400)}" in text


def test_a_route_at_fault_for_which_one_scan_waits(here: Desk):
    """A single scan is spoken of as one."""
    here.traffic.pause(NAME, Pause(time.time() + 900, 3, "535 no", "", time.time(), "configuration"))
    first = here.journal.job(here.deferred())
    assert first is not None
    given_up = moment(first.created_at + 2 * 86400)
    assert f"1 waits for it, and is given up at {given_up}" in _shown(_look(here, delivery={"lifetime": "2d"}))


@pytest.mark.parametrize("rest_s", [900.0, -900.0])
def test_the_state_of_a_route_fits_eighty_columns(here: Desk, rest_s: float):
    """The lines of a route at fault fit a terminal, for the longest method and a name as long as the methods'."""
    here.traffic.pause(NAME, Pause(time.time() + rest_s, 1, "421 no", "", 1.0, "configuration"))
    route = replace(_look(here).routes[0], name="high-volume-account", method="high-volume", waiting=1000)
    status = replace(_look(here), routes=(replace(route, given_up_at=time.time()),))
    on = console(200)
    show(status, on, is_json=False)
    assert [line for line in printed(on).splitlines() if len(line.rstrip()) > 80] == []


def test_a_pace_below_the_configured_is_told(here: Desk):
    """A new box says on which day of its ramp-up it is, one that was throttled what it uses; else there is no line."""
    assert "Pace" not in _shown(_look(here))
    now = time.time()
    here.traffic.note_day(NAME, int(now // 86400) - 3)
    upstream = direct(25, Path("/ca.pem"), messages_per_minute=60, ramp_up=True, connections=3)
    (route,) = look(config(here.state.parent, upstream), here.journal, here.traffic).routes
    assert route.pace == "ramp-up day 2 of 7: 12 a minute, 302 an hour"
    here.traffic.adapt(NAME, Adaption(0.5, now, 43200.0, now, 60.0))
    settings = config(here.state.parent, upstream | {"ramp_up": False})
    status = look(settings, here.journal, here.traffic)
    assert "Pace: slowed down: 30 of 60 a minute; 1 of 3 connections" in _shown(status)


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


def test_who_goes_where_is_shown(here: Desk):
    """With several upstreams it is said whom each reaches, and while one rests which other carries instead."""
    upstreams = (password_auth(587, Path("/ca.pem"), name="first"), direct(25, Path("/ca.pem"), name="second"))
    here.traffic.pause("first", Pause(time.time() + 600, 1, "535 5.7.3 no", "mend it"))
    for fallback in (True, False):
        settings = config(here.state.parent, *upstreams, delivery={"fallback": fallback})
        status = look(settings, here.journal, here.traffic)
        assert [route.carries for route in status.routes] == ["mail to anyone", "mail to contoso.com"]
        assert [route.instead for route in status.routes] == [("second",) if fallback else (), ()]
        text = _shown(status)
        assert "carries mail to contoso.com" in text
        assert ("meanwhile mail goes by second, where that may carry it" in text) is fallback


def _with_secret(here: Desk, left_days: int) -> Status:
    day = (datetime.now(UTC) + timedelta(days=left_days)).date()
    table = token_auth(587, Path("/ca.pem"), 443, client_secret_expires=day)
    return look(config(here.state.parent, table), here.journal, here.traffic)


@pytest.mark.parametrize(
    ("left_days", "needs_person", "words"),
    [(60, False, "in 60 days"), (15, False, "in 15 days"), (14, True, "in 14 days"), (-2, True, "HAS ENDED")],
)
def test_what_expires_is_counted_down(here: Desk, left_days: int, needs_person: bool, words: str):  # noqa: FBT001
    """A client secret's days are shown; two weeks before its end, and after it, a person is needed."""
    with _service(here):
        status = _with_secret(here, left_days)
        assert status.needs_person is needs_person
        (one,) = status.expiring
        assert (one.upstream, one.what, one.days) == ("client-auth", "client secret", left_days)
        text = _shown(status)
    assert f"Expires:   {one.on}, {words}: client secret of client-auth" in text
    on = console()
    show(status, on, is_json=True)
    assert json.loads(printed(on))["expiring"] == [
        {"upstream": "client-auth", "what": "client secret", "on": one.on, "days": left_days}
    ]


def test_the_last_test_of_each_login_is_shown(here: Desk):
    """When a login was last tried and whether it worked; not of upstreams that are gone from the configuration."""
    tests = SelfTests(here.journal.database)
    tests.note("client-auth", SelfTest(1_800_000_000.0, "", ""))
    tests.note("gone", SelfTest(1_800_000_000.0, "no", ""))
    status = _with_secret(here, 60)
    assert [(one.upstream, one.said) for one in status.tried] == [("client-auth", "")]
    assert "Tested:    client-auth ok, 2027-01-15" in _shown(status)
    tests.note("client-auth", SelfTest(1_800_000_000.0, "AADSTS7000222: expired", "renew"))
    assert "Tested:    client-auth FAILED" in _shown(_with_secret(here, 60))
