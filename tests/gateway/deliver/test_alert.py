"""Of what stands in a share and is never taken the admin hears, once."""

import asyncio
import email
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gateway.deliver import alert
from gateway.deliver.alert import Alerter
from gateway.deliver.alert_letter import LEAST_S, compose_alert, news, outdated
from gateway.deliver.own_mail import Letterhead
from gateway.spool.alerts import Alerts
from gateway.spool.job import Job, State
from hotfolder.arrival import Held, Hold, Standing
from tests.gateway.deliver.given import ADMIN, SENDER, Box, config, open_box
from tests.peers.loopback import until

LINK = "it is a symbolic link, and links are never followed"
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def standing(*names: str, hold: Hold = Hold.STRANGE) -> Standing:
    """A share in which these names are held."""
    return Standing("scans", tuple(Held(Path(name), LINK, hold, "scans") for name in names))


@dataclass(slots=True)
class Desk:
    """A box, its alerter, and what it is told of the shares."""

    box: Box
    alerter: Alerter
    now: list[Standing] = field(default_factory=list)

    def notices(self) -> list[Job]:
        """The alerts made so far, oldest first."""
        return sorted(self.box.journal.jobs(frozenset(State)), key=lambda job: job.created_at)


@asynccontextmanager
async def desk(root: Path, *, has_admin: bool = True) -> AsyncIterator[Desk]:
    """An open state directory with a Maildir that takes everything."""
    gateway = {"name": "box", "state": str(root / "state"), "admin": [ADMIN] if has_admin else []}
    settings = config(root, {"method": "maildir", "path": str(root / "mail")}, gateway=gateway)
    opened, database = open_box(settings)
    now: list[Standing] = []
    try:
        alerter = Alerter(opened.teller.failures.post, Alerts(database), lambda: now, opened.deliverer.wake)
        yield Desk(opened, alerter, now)
    finally:
        await opened.routes.close()
        database.close()


async def test_the_admin_hears_once(tmp_path: Path):
    """Each strange thing is told of in one mail, also after a restart; a second look says nothing."""
    async with desk(tmp_path) as here:
        here.now.append(standing("a.pdf", "b.pdf"))
        assert [here.alerter.tell_all() for _ in range(3)] == [1, 0, 0]
        (notice,) = here.notices()
        assert [recipient.address for recipient in notice.recipients] == [ADMIN]
        await here.box.deliver(notice.id)
        (path,) = (tmp_path / "mail" / "new").iterdir()
        mail = email.message_from_bytes(path.read_bytes(), policy=default)
        body = mail.get_body(("plain",))
        assert body is not None
        assert f"- not taken: a.pdf: {LINK}" in body.get_content()
        assert mail["Subject"] == "Share scans: 2 files not taken"
        assert mail["Auto-Submitted"] == "auto-generated"
    async with desk(tmp_path) as here:
        here.now.append(standing("a.pdf", "b.pdf"))
        assert here.alerter.tell_all() == 0


async def test_without_an_admin_nothing_is_noted(tmp_path: Path):
    """With nobody to tell nothing is told, and nothing counts as told: an admin who is set later hears of it."""
    async with desk(tmp_path, has_admin=False) as here:
        here.now.append(standing("a.pdf"))
        assert here.alerter.tell_all() == 0
    async with desk(tmp_path) as here:
        here.now.append(standing("a.pdf"))
        assert here.alerter.tell_all() == 1


async def test_a_failed_alert_breeds_no_notice(tmp_path: Path):
    """An alert that cannot be delivered is told to nobody: it is a notice, and of a notice none is written."""
    async with desk(tmp_path) as here:
        here.now.append(standing("a.pdf"))
        here.alerter.tell_all()
        (alerted,) = here.notices()
        here.box.journal.fail_pending(alerted.id, 1.0, "no")
        assert here.box.teller.tell_all() == 1
        assert [job.id for job in here.notices()] == [alerted.id]


async def test_any_name_can_be_told_of(tmp_path: Path):
    """Names are bytes: one that is no text is told of once like any other."""
    name = os.fsdecode(b"Gr\xfc\xdfe\n.pdf")
    async with desk(tmp_path) as here:
        here.now.append(standing(name))
        assert [here.alerter.tell_all() for _ in range(2)] == [1, 0]
        assert set(here.alerter.alerts.told("scans")) == {name}


async def test_what_is_gone_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An hour after it was told of and is gone it is forgotten: what then comes under its name is told of again."""
    clock = [NOW.timestamp()]
    monkeypatch.setattr(alert.time, "time", lambda: clock[0])  # type: ignore[attr-defined]
    async with desk(tmp_path) as here:
        here.now[:] = [standing("a.pdf")]
        assert here.alerter.tell_all() == 1
        for _ in range(5):  # comes and goes every minute
            clock[0] += 60
            here.now[:] = [standing()]
            here.alerter.tell_all()
            here.now[:] = [standing("a.pdf")]
            assert here.alerter.tell_all() == 0
        clock[0] += LEAST_S
        here.now[:] = [standing()]
        here.alerter.tell_all()
        assert here.alerter.alerts.told("scans") == {}
        here.now[:] = [standing("a.pdf")]
        assert here.alerter.tell_all() == 1


async def test_the_station_wakes_the_delivery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The running station finds what is new and has it delivered."""
    monkeypatch.setattr(alert, "_LOOK_S", 0.01)
    async with desk(tmp_path) as here:
        running = asyncio.create_task(here.alerter.run())
        here.now.append(standing("a.pdf"))
        await until(here.box.deliverer.wake.is_set, 10, "the delivery woken")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert len(here.notices()) == 1


async def test_a_fault_of_ours_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What breaks within an alert is logged with its traceback and tried again; the service lives on."""
    monkeypatch.setattr(alert, "_LOOK_S", 0.01)
    async with desk(tmp_path) as here:
        real, calls = Alerter.tell_all, list[int]()

        def breaks_once(alerter: Alerter) -> int:
            calls.append(1)
            if len(calls) == 1:
                raise ValueError("a fault of ours")
            return real(alerter)

        monkeypatch.setattr(Alerter, "tell_all", breaks_once)
        here.now.append(standing("a.pdf"))
        with capture_logs() as logged:
            running = asyncio.create_task(here.alerter.run())
            await until(here.box.deliverer.wake.is_set, 10, "the delivery woken")
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert [line["event"] for line in logged] == ["local-fault", "share-alert"]


@pytest.mark.parametrize(
    ("known", "told", "fresh"),
    [
        (standing("a"), {}, ["a"]),
        (standing("a"), {"a": 1.0}, []),
        (standing("a", "b"), {"a": 1.0}, ["b"]),
        (standing("a", "b"), {"a": 10_000.0 - LEAST_S + 1}, []),
        (standing("a", "b"), {"a": 10_000.0 - LEAST_S}, ["b"]),
        (standing("a", "b"), {"a": 99_999.0}, ["b"]),
        (standing("a", hold=Hold.LEFT), {}, ["a"]),
        (standing("a", hold=Hold.INCOMPLETE), {}, []),
        (standing("a", hold=Hold.OPEN), {}, []),
        (standing("a", hold=Hold.EMPTY), {}, []),
    ],
)
def test_what_is_news(known: Standing, told: dict[str, float], fresh: list[str]):
    """What never mends itself is told once, an hour apart; what the printer may still finish is not."""
    assert [one.path.name for one in news(known, told, 10_000.0)] == fresh
    assert outdated(standing(), {"a": 1.0, "b": 9_999.0}, 10_000.0) == ("a",)


@given(st.lists(st.text(max_size=200), min_size=1, max_size=40), st.text(max_size=300))
def test_any_names_and_reasons_make_a_whole_mail(names: list[str], reason: str):
    """Whatever somebody calls a link: the mail parses, has its headers, and names at most twenty files."""
    fresh = [Held(Path(name.replace("\0", "")), reason, Hold.STRANGE, "scans") for name in names]
    mail = compose_alert("scans", fresh, Letterhead(SENDER, (ADMIN,), "box", "1-n@contoso.com", NOW))
    message = email.message_from_bytes(mail, policy=default)
    assert [defect for part in message.walk() for defect in part.defects] == []
    assert (message["From"], message["To"]) == (SENDER, ADMIN)
    body = message.get_body(("plain",))
    assert body is not None
    assert sum(line.startswith("- not taken:") for line in body.get_content().splitlines()) == min(len(names), 20)
