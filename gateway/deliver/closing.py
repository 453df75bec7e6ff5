"""What becomes of a job after an attempt stands in the journal: its end, its next try, or that a person decides."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from conf.model import Address
from gateway.deliver import retry
from gateway.deliver.fates import final_fates
from gateway.deliver.offer import Offer
from gateway.events import Event, log
from gateway.spool import files
from gateway.spool.files import Spool
from gateway.spool.held import HELD, RESENT
from gateway.spool.job import OWED, JobId, State, closing_state, is_notice_id
from gateway.spool.journal import Journal
from gateway.spool.reply import Deferral, Scope, Verdict

LOCAL_FAULT_S: Final = 30.0
_BROKEN_OFF: Final = "the connection ended after the final dot: it may have been taken, and"


@dataclass(frozen=True, slots=True)
class Closing:
    """Where attempts are written down. ``poke`` tells the telling that a job has failed, or is held."""

    spool: Spool
    journal: Journal
    schedule: retry.Schedule
    poke: Callable[[], None]
    is_holding: bool

    def note(self, job_id: JobId, name: str, offer: Offer) -> None:
        """Write down what an upstream made of a job."""
        if offer.is_uncertain:
            reason = f"{_BROKEN_OFF} {HELD if self._holds(job_id) else RESENT}"
            self.journal.mark_uncertain(job_id, time.time(), reason)
            log(Event.JOB_UNCERTAIN, job_id, upstream=name)
        self.record(job_id, name, offer.verdicts)

    def _holds(self, job_id: JobId) -> bool:
        return self.is_holding and not is_notice_id(job_id)  # nobody would be told of a notice that is held

    def put_back(self, job_id: JobId, reason: str, *, is_uncertain: bool) -> None:
        """Let a job that a fault of ours interrupted wait for another try, or end it when its lifetime is over.

        ``is_uncertain``: its final dot may have been sent.
        """
        job = self.journal.job(job_id)
        assert job is not None
        if job.state not in OWED:
            return  # its end stands in the journal; the next start finishes it on disk
        now = time.time()
        if is_uncertain:
            self.journal.mark_uncertain(job_id, now, reason)
            log(Event.JOB_UNCERTAIN, job_id, reason=reason)
        if closing_state(job.recipients) is not None or (is_uncertain and self._holds(job_id)):
            self.conclude(job_id, [], 0.0, is_uncertain=is_uncertain)
        elif retry.is_over(job.created_at, now, self.schedule):
            self.end(job_id, State.FAILED, reason)
            log(Event.JOB_FAILED, job_id, reason=reason)
        else:
            self.journal.move(job_id, State.DEFERRED, now, reason=reason, next_try_at=now + LOCAL_FAULT_S)

    def record(self, job_id: JobId, name: str, verdicts: dict[Address, Verdict]) -> None:
        """Write the final verdicts to the journal; a deferral leaves its recipient waiting.

        When all have it the job ends in the same transaction: one flush between the reply and its end, not two.
        """
        self.journal.record(job_id, name, final_fates(job_id, name, verdicts), time.time())

    def conclude(
        self, job_id: JobId, deferrals: list[Deferral], next_try_at: float, *, is_uncertain: bool = False
    ) -> None:
        """Move a job on after an attempt: to its end, to deferred until the next try, or to a person's decision."""
        job = self.journal.job(job_id)
        assert job is not None
        now = time.time()
        state = closing_state(job.recipients)
        if state is State.SENT:
            if job.state is not State.SENT:
                self.journal.move(job_id, State.SENT, now)
            files.remove(self.spool.jobs / job_id)
            seconds, uncertain = round(now - job.created_at, 1), job.is_uncertain or None
            log(Event.JOB_SENT, job_id, recipients=len(job.recipients), seconds=seconds, uncertain=uncertain)
            return
        if state is not None:
            self.end(job_id, State.FAILED, job.refusals)
            log(Event.JOB_FAILED, job_id, reason=job.refusals)
            return
        if is_uncertain and self._holds(job_id):
            self.journal.move(job_id, State.HELD, now, reason=f"{_BROKEN_OFF} {HELD}")
            log(Event.JOB_HELD, job_id)
            self.poke()
            return
        said = deferrals[0].said if deferrals else "not tried"
        if retry.is_over(job.created_at, now, self.schedule):
            reason = retry.gave_up(self.schedule, said)
            self.end(job_id, State.FAILED, reason)
            log(Event.JOB_FAILED, job_id, reason=reason)
            return
        counts = any(deferral.scope is not Scope.ROUTE for deferral in deferrals)
        if counts:
            jitter = random.random()  # noqa: S311  spreads retries, guards nothing
            next_try_at = max(next_try_at, now + retry.interval_s(job.attempts + 1, self.schedule, jitter))
        until, attempts = next_try_at or now + self.schedule.first_s, int(counts)
        self.journal.move(job_id, State.DEFERRED, now, reason=said, next_try_at=until, attempts=attempts)
        log(Event.JOB_DEFERRED, job_id, reason=said, next_try_s=round(max(next_try_at - now, 0), 1))

    def end(self, job_id: JobId, state: State, reason: str) -> None:
        """End a job badly: the journal first, then the directory, then whoever has to be told."""
        self.journal.fail_pending(job_id, time.time(), reason, state)
        aside = self.spool.failed if state is State.FAILED else self.spool.quarantine
        try:
            files.move_aside(self.spool.jobs / job_id, aside)
        finally:
            self.poke()
