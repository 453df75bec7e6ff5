"""Every reply of the catalogue as an upstream says it: what becomes of the job, the route and the others."""

import time
from pathlib import Path
from typing import Final

import pytest

from gateway.deliver.catalogue import Entry, Kind, Retry, catalogue
from gateway.deliver.replies import judge
from gateway.spool.job import Fate, Job, State
from gateway.spool.reply import Phase, Reply, Scope
from gateway.spool.traffic import Adaption
from tests.gateway.deliver.given import OFFICE, Box, addresses, box, config, password_auth
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.script import At, Script

NAME: Final = "upstream"
OTHER: Final = addresses("other@contoso.com")[0]
KNOWN: Final = catalogue()
REPLIES: Final = KNOWN.of(Kind.REPLY)
RULES: Final = (
    "550 5.9.9 never heard of",
    "450 4.9.9 never heard of",
    "421 4.9.9 never heard of",
    "599 what",
    "299 what",
)

MOMENTS: Final = {
    Phase.CONNECT: At.BANNER,
    Phase.STARTTLS: At.STARTTLS,
    Phase.AUTH: At.AUTH_DONE,
    Phase.MAIL: At.MAIL,
    Phase.RCPT: At.RCPT,
    Phase.DATA: At.DATA,
    Phase.END: At.DOT,
}


def _script(phase: Phase, said: str) -> Script:
    """The upstream says this at this step, always; of several recipients only to the first."""
    return Script().on(MOMENTS[phase], f"{said}\r\n".encode(), nth=1 if phase is Phase.RCPT else None)


async def _offered(here: Box, exchange: Exchange, phase: Phase, said: str) -> Job:
    """Offer a scan for two on a new session to the upstream, which says this at this step; return the job after it."""
    await here.routes.close()
    here.traffic.resume(NAME)
    here.traffic.adapt(NAME, Adaption())  # or the fault before would have this one wait for its pace
    here.routes._pacers[NAME].begin(time.time())
    exchange.then = _script(phase, said)
    return await here.deliver(here.ready(OFFICE, OTHER))


def _check(here: Box, job: Job, phase: Phase, said: str, entry: Entry) -> None:
    """Check the job against what the catalogue says of this reply at this step."""
    found = judge(KNOWN, phase, Reply(int(said[:3]), said[4:]))
    assert found.entry.id == entry.id
    fates = {recipient.address: recipient.fate for recipient in job.recipients}
    if found.scope is Scope.ROUTE:
        assert found.retry is not Retry.NO
        assert (job.state, job.attempts) == (State.DEFERRED, 0)
        assert set(fates.values()) == {Fate.PENDING}
        pause = here.traffic.pauses()[NAME]
        rest_s = pause.until - job.changed_at
        assert rest_s == pytest.approx(KNOWN.pauses_s[found.retry] or here.config.delivery.first_retry, abs=5)
        assert pause.said.startswith(said[:3])
        assert pause.advice == entry.advice
        return
    assert here.traffic.pauses() == {}
    is_final = found.retry is Retry.NO
    fate = Fate.FAILED if is_final else Fate.PENDING
    assert fates == {OFFICE: fate, OTHER: Fate.SENT if found.scope is Scope.RECIPIENT else fate}
    assert (job.state, job.attempts) == ((State.FAILED, 0) if is_final else (State.DEFERRED, 1))


@pytest.mark.parametrize("entry", REPLIES, ids=lambda entry: entry.id)
async def test_every_reply_does_what_the_catalogue_says(server_certificate: Certificate, tmp_path: Path, entry: Entry):
    """Each catalogued reply, said by an upstream at each step where it is known from, moves the job as it must.

    Route: all wait, no attempt is counted, the pause is as long as stated and names what to do. Message: all share its
    fate. Recipient: the others get their mail.
    """
    async with Exchange(server_certificate.server_context()) as exchange:
        settings = config(tmp_path, password_auth(exchange.port, server_certificate.authority, name=NAME))
        async with box(settings) as here:
            for phase in entry.phases:
                for said in entry.replies:
                    _check(here, await _offered(here, exchange, phase, said), phase, said, entry)


@pytest.mark.parametrize("entry", [one for one in REPLIES if one.scope is Scope.ROUTE], ids=lambda entry: entry.id)
async def test_no_fault_of_the_route_fails_a_job(server_certificate: Certificate, tmp_path: Path, entry: Entry):
    """A fault of the route, at whatever step an upstream tells it, fails nobody's scan and costs it no attempt."""
    async with Exchange(server_certificate.server_context()) as exchange:
        settings = config(tmp_path, password_auth(exchange.port, server_certificate.authority, name=NAME))
        async with box(settings) as here:
            for phase in set(Phase) - set(entry.phases):
                job = await _offered(here, exchange, phase, entry.replies[0])
                assert (job.state, job.attempts) == (State.DEFERRED, 0)
                assert {recipient.fate for recipient in job.recipients} == {Fate.PENDING}
                assert NAME in here.traffic.pauses()


@pytest.mark.parametrize("said", RULES)
async def test_every_unknown_reply_follows_its_rule(server_certificate: Certificate, tmp_path: Path, said: str):
    """A reply that no entry knows does at each step what its rule says."""
    reply = Reply(int(said[:3]), said[4:])
    steps = set(Phase) if reply.code >= 400 else {Phase.RCPT, Phase.DATA}  # elsewhere a 2xx is a success
    async with Exchange(server_certificate.server_context()) as exchange:
        settings = config(tmp_path, password_auth(exchange.port, server_certificate.authority, name=NAME))
        async with box(settings) as here:
            for phase in steps:
                entry = judge(KNOWN, phase, reply).entry
                assert entry.kind is Kind.RULE
                _check(here, await _offered(here, exchange, phase, said), phase, said, entry)


async def test_the_log_and_the_pause_name_the_entry(
    server_certificate: Certificate, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    """The lines of a paused route and of a refused recipient bear the entry's id, for `scangate explain`."""
    async with Exchange(server_certificate.server_context()) as exchange:
        settings = config(tmp_path, password_auth(exchange.port, server_certificate.authority, name=NAME))
        async with box(settings) as here:
            await _offered(
                here, exchange, Phase.AUTH, "535 5.7.139 Authentication unsuccessful, basic auth is disabled"
            )
            await _offered(here, exchange, Phase.RCPT, "550 5.1.1 no")
    logged = capfd.readouterr()
    lines = (logged.out + logged.err).splitlines()
    assert "reply=basic-auth-disabled" in next(line for line in lines if "route-paused" in line)
    assert "reply=no-such-mailbox" in next(line for line in lines if "recipient-refused" in line)
