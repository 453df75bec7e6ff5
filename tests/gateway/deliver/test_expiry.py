"""What ends, when it is told, and once: the decisions, what is read from disk, and the mails."""

import email
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from conf.model import Config
from gateway import pem
from gateway.deliver import expiry_alert
from gateway.deliver.expiries import expiries, without_sign_in
from gateway.deliver.expiry import (
    AHEAD_DAYS,
    ENDED,
    Credential,
    Expiry,
    days_left,
    news,
    outdated,
    sentence,
    stage,
    told_as,
    warnings,
)
from gateway.deliver.expiry_alert import ExpiryAlerter
from gateway.deliver.token_store import TokenStore
from gateway.spool.alerts import Alerts
from gateway.spool.job import Job, State
from tests.gateway.deliver.given import ADMIN, SENDER, Box, config, open_box, password_auth, token_auth
from tests.gateway.deliver.signed_in import device_auth, sign_in_of
from tests.peers.certificates import Certificate, Certificates

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CA = Path("/ca.pem")


def ending(left: timedelta) -> Expiry:
    """A client secret that ends so long from now."""
    return Expiry("submission", Credential.CLIENT_SECRET, NOW + left)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (31 * DAY, None),
        (30 * DAY + timedelta(seconds=1), None),
        (30 * DAY, 30),
        (14 * DAY + timedelta(seconds=1), 30),
        (14 * DAY, 14),
        (7 * DAY, 7),
        (2 * DAY, 7),
        (DAY, 1),
        (timedelta(seconds=1), 1),
        (timedelta(), ENDED),
        (-100 * DAY, ENDED),
    ],
)
def test_the_stages(left: timedelta, expected: int | None):
    """Told 30, 14, 7 and 1 days ahead, and when it has ended."""
    assert stage(ending(left), NOW) == expected


@given(st.lists(st.integers(0, 24 * 60), min_size=1, max_size=40))
def test_each_stage_is_told_once(hours: list[int]):
    """However often and seldom one looks, a stage is told at most once, in order, and the last one that has come is."""
    one = ending(45 * DAY)
    told: list[str] = []
    stages: list[int] = []
    now = NOW
    for hour in hours:
        now += timedelta(hours=hour)
        fresh = news([one], {"submission": told}, now)
        stages += [at for _, at in fresh]
        told += [told_as(one, at) for _, at in fresh]
        assert news([one], {"submission": told}, now) == ()
        last = stage(one, now)
        assert last is None or told_as(one, last) in told
    assert stages == sorted(set(stages), reverse=True)
    assert set(stages) <= {*AHEAD_DAYS, ENDED}


def test_a_renewed_one_begins_anew():
    """What was told of the secret before is forgotten, and the new one has stages of its own."""
    old, new = ending(DAY), ending(300 * DAY)
    told = [told_as(old, 7), told_as(old, 1)]
    assert outdated("submission", [old], told) == ()
    assert outdated("submission", [new], told) == tuple(sorted(told))
    assert outdated("submission", [], told) == tuple(sorted(told))
    assert news([ending(5 * DAY)], {"submission": told}, NOW) == ((ending(5 * DAY), 7),)


@pytest.mark.parametrize(
    ("left", "said"), [(5 * DAY, "ends in 5 days"), (DAY, "ends in 1 day:"), (timedelta(), "has ended")]
)
def test_the_sentence(left: timedelta, said: str):
    """It says what, of which upstream, in how many days, and on which day."""
    text = sentence(ending(left), NOW)
    assert text.startswith("The client secret of upstream submission ")
    assert said in text
    assert f"{NOW + left:%Y-%m-%d}" in text


def _of(folder: Path, *tables: dict[str, Any]) -> list[tuple[str, Credential, datetime]]:
    found = expiries(config(folder, *tables))
    return [(one.upstream, one.what, one.ends_at) for one in found]


def test_what_is_read(tmp_path: Path, certificates: Certificates, app_certificate: Certificate):
    """A noted secret, the certificates of an application and of a relay, and a sign-in each have their day."""
    shown = {"certificate_file": str(app_certificate.chain), "key_file": str(app_certificate.key)}
    ends_at = pem.ends_at(app_certificate.chain.read_bytes())
    secret = token_auth(587, CA, 443, client_secret_expires=date(2027, 1, 31), name="secret")
    relay = {"method": "relay", "host": "mx.example", **shown}
    device = device_auth(587, CA, 443, name="device")
    assert _of(tmp_path, secret) == [("secret", Credential.CLIENT_SECRET, datetime(2027, 1, 31, tzinfo=UTC))]
    assert _of(tmp_path, token_auth(587, CA, 443, **shown)) == [("client-auth", Credential.APP_CERTIFICATE, ends_at)]
    assert _of(tmp_path, relay) == [("relay", Credential.CLIENT_CERTIFICATE, ends_at)]
    assert _of(tmp_path, device) == []
    TokenStore(tmp_path / "state", "device").state.mkdir()
    TokenStore(tmp_path / "state", "device").write(sign_in_of("x", at=NOW.timestamp()))
    assert _of(tmp_path, device) == [("device", Credential.SIGN_IN, NOW + 90 * DAY)]
    assert certificates.authority_file.exists()


def test_what_cannot_be_read_ends_nothing(tmp_path: Path):
    """A file that is missing or damaged is named by other checks; here it is left out."""
    damaged = tmp_path / "damaged.pem"
    damaged.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for file in (damaged, tmp_path / "missing.pem"):
        keys = {"certificate_file": str(file), "key_file": str(file)}
        assert _of(tmp_path, {"method": "relay", "host": "mx.example", **keys}) == []
    (tmp_path / "state" / "tokens").mkdir(parents=True)
    (tmp_path / "state" / "tokens" / "client-auth.json").write_bytes(b"{")
    assert _of(tmp_path, device_auth(587, CA, 443)) == []
    assert _of(tmp_path, token_auth(587, CA, 443)) == []


@given(st.binary(max_size=200))
def test_any_file_is_a_certificate_or_not(data: bytes):
    """Whatever stands in a certificate's file: a time, or ValueError."""
    for text in (data, b"-----BEGIN CERTIFICATE-----\n" + data + b"\n-----END CERTIFICATE-----\n"):
        with pytest.raises(ValueError):  # noqa: PT011  the library's words vary
            pem.ends_at(text)


def test_check_warns():
    """`check` names the key and the mend from a month ahead; of passwords it speaks from the day they go."""
    by_password = config(Path("/x"), password_auth(587, CA, name="submission"))
    assert warnings(by_password, [ending(31 * DAY)], NOW) == []
    (found,) = warnings(by_password, [ending(30 * DAY)], NOW)
    assert found.startswith("upstream.submission.client_secret_expires: The client secret")
    assert "client_secret_file" in found
    assert warnings(by_password, [], datetime(2026, 12, 30, 23, tzinfo=UTC)) == []
    (found,) = warnings(by_password, [], datetime(2026, 12, 31, tzinfo=UTC))
    assert found.startswith("upstream.submission.auth: Microsoft has turned password login off")


@dataclass(slots=True)
class Here:
    """A box, its alerter, and the wall clock."""

    box: Box
    alerter: ExpiryAlerter
    clock: list[float]

    def at(self, left_days: float) -> int:
        """Look when so many days are left until 2027-01-31; return how many mails were made."""
        self.clock[0] = (datetime(2027, 1, 31, tzinfo=UTC) - left_days * DAY).timestamp()
        return self.alerter.tell_all()

    def notices(self) -> list[Job]:
        """The mails made so far, oldest first."""
        return sorted(self.box.journal.jobs(frozenset(State)), key=lambda job: job.id)


def _settings(root: Path, *, has_admin: bool = True) -> Config:
    gateway = {"name": "box", "state": str(root / "state"), "admin": [ADMIN] if has_admin else []}
    secret = token_auth(587, CA, 443, client_secret_expires=date(2027, 1, 31), name="submission")
    del secret["ca_file"]
    return config(root, secret, {"method": "maildir", "path": str(root / "mail")}, gateway=gateway)


@asynccontextmanager
async def here(root: Path, monkeypatch: pytest.MonkeyPatch, *, has_admin: bool = True) -> AsyncIterator[Here]:
    """An open state directory."""
    clock = [time.time()]
    monkeypatch.setattr(expiry_alert.time, "time", lambda: clock[0])  # type: ignore[attr-defined]
    box, database = open_box(_settings(root, has_admin=has_admin))
    try:
        yield Here(box, ExpiryAlerter(box.teller.failures.post, Alerts(database), lambda: None), clock)
    finally:
        await box.routes.close()
        database.close()


async def test_the_admin_hears_once_of_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One mail at 30, 14, 7 and 1 days and one when it has ended, however often one looks and over restarts."""
    made = []
    for left in (31, 30, 29.9, 15, 14, 7.5, 6, 2, 1, 0.5, 0, -1, -30):
        async with here(tmp_path, monkeypatch) as box:
            with capture_logs() as logged:
                made.append((left, box.at(left) + box.at(left)))
            assert [line["event"] for line in logged] == ["credential-expires"] * made[-1][1]
    assert [left for left, count in made if count] == [30, 14, 6, 1, 0]
    assert {count for _, count in made} == {0, 1}


async def test_what_the_mail_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It says what ends, when, what happens then and what to do, to the admins; no machine is to answer it."""
    async with here(tmp_path, monkeypatch) as box:
        assert box.at(5) == 1
        (job,) = box.notices()
        assert [recipient.address for recipient in job.recipients] == [ADMIN]
        mail = email.message_from_bytes(box.box.message(job.id).read_bytes(), policy=default)
        assert mail["Subject"] == "submission: the client secret ends in 5 days"
        assert (mail["From"], mail["To"], mail["Auto-Submitted"]) == (SENDER, ADMIN, "auto-generated")
        body = mail.get_body(("plain",))
        assert body is not None
        text = body.get_content()
        for words in ("2027-01-31", "nothing goes out", "client_secret_expires", "once each"):
            assert words in " ".join(text.split())


async def test_a_box_that_was_off_tells_the_last_stage_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Stages that went by while the box was off are not made up for."""
    async with here(tmp_path, monkeypatch) as box:
        assert [box.at(40), box.at(3), box.at(2.9)] == [0, 1, 0]


async def test_without_an_admin_the_log_has_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With nobody to tell a stage is one line of the log; an admin who is set later hears of it."""
    async with here(tmp_path, monkeypatch, has_admin=False) as box:
        with capture_logs() as logged:
            assert [box.at(14), box.at(13)] == [0, 0]
        assert len(logged) == 1
        assert (logged[0]["days"], logged[0]["on"]) == (14, "2027-01-31")
    async with here(tmp_path, monkeypatch) as box:
        assert box.at(13) == 1


async def test_a_stop_before_the_note_loses_no_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Cut short between the mail and its note, the next start tells again, once: twice rather than never."""
    async with here(tmp_path, monkeypatch) as box:

        def cut(_share: str, _names: object, _at: float) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(box.alerter.alerts, "note", cut)
        with pytest.raises(KeyboardInterrupt):
            box.at(14)
        assert len(box.notices()) == 1
    async with here(tmp_path, monkeypatch) as box:
        assert [box.at(13.9), box.at(13.8)] == [1, 0]
        assert len(box.notices()) == 2


async def test_a_clock_that_was_never_set_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A box that believes in 1970 waits with its alerts."""
    async with here(tmp_path, monkeypatch) as box:
        box.clock[0] = 1000.0
        assert box.alerter.tell_all() == 0


def test_days_are_counted_up():
    """A day that has begun counts: nobody reads "in 0 days" of what still works."""
    assert days_left(ending(timedelta(hours=1)), NOW) == 1
    assert days_left(ending(timedelta()), NOW) == 0


def test_an_upstream_that_waits_for_its_first_sign_in_is_named(tmp_path: Path):
    """Before anybody has signed in the command is named; afterwards, and for other logins, nothing is."""
    by_device = config(tmp_path, device_auth(587, Path("/ca.pem"), 443))
    state = by_device.gateway.state
    assert without_sign_in(by_device) == [
        "upstream.client-auth.auth: nobody has signed in for it yet: run scangate login"
    ]
    state.mkdir(exist_ok=True)
    TokenStore(state, "client-auth").prepare()
    TokenStore(state, "client-auth").write(sign_in_of("refresh"))
    assert without_sign_in(by_device) == []
    assert without_sign_in(config(tmp_path, password_auth(587, Path("/ca.pem")))) == []
