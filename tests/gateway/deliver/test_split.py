"""More recipients than a mail has room for: the others go with the next mail at once, nobody twice, no attempt lost."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from conf.model import Address
from gateway.deliver.closing import Closing
from gateway.deliver.offer import Offer
from gateway.deliver.transaction import MOST_RECIPIENTS, is_full
from gateway.spool.job import Fate, JobId, State
from gateway.spool.reply import Reply
from tests.gateway.deliver.given import Box, addresses, box, config, direct, open_box
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.postfix import Postfix
from tests.peers.script import HEALTHY, At, Drop, Script

EVERYBODY = addresses(*(f"{name}@contoso.com" for name in "abcde"))


@asynccontextmanager
async def _sending(shown: Certificate, folder: Path, script: Script) -> AsyncIterator[tuple[Exchange, Box]]:
    async with (
        Exchange(shown.server_context(), then=script, needs_login=False) as exchange,
        box(config(folder, direct(exchange.port, shown.authority))) as opened,
    ):
        yield exchange, opened


def _limited(limit: int, reply: bytes, whole: int) -> Script:
    """A host that takes so many recipients in a mail, for a job with so many in all."""
    script, nth, left = Script(), 0, whole
    while left > limit:
        nth += limit + 1
        script, left = script.on(At.RCPT, reply, nth=nth), left - limit
    return script


@pytest.mark.parametrize(
    "reply",
    [
        b"452 4.5.3 Too many recipients\r\n",
        b"452-4.5.3 Too many\r\n452 4.5.3 recipients\r\n",
        b"452 that is enough\r\n",
        b"552 5.5.3 Too many recipients\r\n",
        b"552 limit exceeded\r\n",
        b"550 5.5.3 Too many recipients\r\n",
        b"451 4.5.3 Error: too many recipients\r\n",
    ],
)
async def test_what_had_no_room_goes_at_once(server_certificate: Certificate, tmp_path: Path, reply: bytes):
    """Row 24: over a host's limit, however it says so, the others follow over the same session in the same attempt."""
    async with _sending(server_certificate, tmp_path, _limited(2, reply, 5)) as (exchange, opened):
        job = await opened.deliver(opened.ready(*EVERYBODY))
        assert (job.state, job.attempts) == (State.SENT, 0)
        assert [message.recipients for message in exchange.messages] == [EVERYBODY[:2], EVERYBODY[2:4], EVERYBODY[4:]]
        assert len({message.content for message in exchange.messages}) == 1
        assert exchange.seen.connections == 1
        assert exchange.seen.count("RCPT") == 7  # a host that is full is asked for nobody more


async def test_a_real_postfix_with_a_limit_of_two(server_certificate: Certificate, tmp_path: Path):
    """Row 24: a Postfix that takes two recipients a mail gets three mails, and nobody has it twice."""
    parameters = {"smtpd_recipient_limit": "2", "smtpd_recipient_overshoot_limit": "1"}
    with Postfix(server_certificate, parameters=parameters) as connector:
        async with box(config(tmp_path, direct(connector.port, server_certificate.authority))) as opened:
            job = await opened.deliver(opened.ready(*EVERYBODY))
            assert (job.state, job.attempts) == (State.SENT, 0)
            assert opened.path_of(job.id).count(State.SENDING) == 3
            for address in EVERYBODY:
                assert len(await connector.mails_arrive(address)) == 1
            assert len(connector.all_mails()) == len(EVERYBODY)


async def test_five_hundred_recipients(server_certificate: Certificate, tmp_path: Path):
    """More than a hundred are never named in one mail, whatever the host would take; each has it once."""
    many = addresses(*(f"n{number}@contoso.com" for number in range(500)))
    async with _sending(server_certificate, tmp_path, HEALTHY) as (exchange, opened):
        job = await opened.deliver(opened.ready(*many))
        assert (job.state, job.attempts) == (State.SENT, 0)
        assert [len(message.recipients) for message in exchange.messages] == [MOST_RECIPIENTS] * 5
        assert Counter(one for message in exchange.messages for one in message.recipients) == Counter(many)


async def test_a_hundred_refused_do_not_hide_the_next(server_certificate: Certificate, tmp_path: Path):
    """When all that one mail could name are refused the others are still asked for."""
    many = addresses(*(f"n{number}@contoso.com" for number in range(MOST_RECIPIENTS + 1)))
    script = Script().on(At.RCPT, b"550 5.1.1 no\r\n", matching=lambda line: b"n100@" not in line)
    async with _sending(server_certificate, tmp_path, script) as (exchange, opened):
        job = await opened.deliver(opened.ready(*many))
        assert [one.fate for one in job.recipients] == [Fate.FAILED] * MOST_RECIPIENTS + [Fate.SENT]
        assert exchange.messages[0].recipients == many[-1:]


async def test_a_break_after_the_first_mail_doubles_nobody(server_certificate: Certificate, tmp_path: Path):
    """Row 24: who has the mail stands in the journal before the next is offered: broken off then, nobody gets two."""
    script = _limited(2, b"452 4.5.3 Too many recipients\r\n", 5).on(At.DATA, Drop(), nth=2)
    async with _sending(server_certificate, tmp_path, script) as (exchange, opened):
        job_id = opened.ready(*EVERYBODY)
        job = await opened.deliver(job_id)
        assert (job.state, job.pending) == (State.DEFERRED, EVERYBODY[2:])
        exchange.then = HEALTHY
        assert (await opened.deliver(job_id)).state is State.SENT
        assert Counter(one for message in exchange.messages for one in message.recipients) == Counter(EVERYBODY)


async def test_a_kill_between_two_mails_doubles_nobody(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Row 24: ended right after the first mail was noted, the next start offers the others alone."""

    class KilledError(BaseException):
        """Stands for a kill: nothing of ours handles it."""

    note = Closing.note

    def noted(self: Closing, job_id: JobId, name: str, offer: Offer) -> None:
        note(self, job_id, name, offer)
        raise KilledError

    script = _limited(2, b"452 4.5.3 Too many recipients\r\n", 5)
    async with Exchange(server_certificate.server_context(), then=script, needs_login=False) as exchange:
        settings = config(tmp_path, direct(exchange.port, server_certificate.authority))
        first, database = open_box(settings)
        job_id = first.ready(*EVERYBODY)
        with monkeypatch.context() as patched:
            patched.setattr(Closing, "note", noted)
            with pytest.raises(KilledError):
                await first.deliver(job_id)
        await first.routes.close()
        database.close()
        exchange.then = HEALTHY
        async with box(settings) as second:
            assert second.job(job_id).pending == EVERYBODY[2:]
            assert (await second.deliver(job_id)).state is State.SENT
        got = Counter[str | Address](one for message in exchange.messages for one in message.recipients)
        assert got == Counter(EVERYBODY)


@pytest.mark.parametrize(
    ("code", "text", "full"),
    [
        (452, "4.3.1 Insufficient system storage", False),
        (452, "4.2.2 mailbox full", False),
        (552, "5.3.4 Message size exceeds fixed limit", False),
        (450, "4.2.1 greylisted", False),
        (550, "5.1.1 4.5.3 is part of a name", False),
        (550, "5.1.10 no such mailbox", False),
        (452, "", True),
        (552, "", True),
        (501, "5.5.3 Too many recipients", True),
        (451, "too many recipients", True),
    ],
)
def test_a_full_mail_is_no_full_disk(code: int, text: str, full: bool):  # noqa: FBT001  pytest passes them so
    """Only what says that the mail is full sends the others with the next; another 452 is what it says."""
    assert is_full(Reply(code, text)) is full
