import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from conf.model import Address
from gateway.spool.database import Database
from gateway.spool.job import MOVES, OWED, Fate, JobId, State, closing_state
from gateway.spool.journal import Journal, WrongMoveError
from tests.gateway.spool.given import NOW_S, envelope

PEOPLE = tuple(Address(f"{name}@contoso.com") for name in ("a", "b", "c"))


@dataclass
class Known:
    """A job as it must be."""

    state: State
    fates: dict[Address, Fate]
    history: list[State]
    attempts: int = 0
    next_try_at: float = 0.0
    is_told: bool = False
    is_uncertain: bool = False
    replies: dict[Address, str] = field(default_factory=dict)


class JournalMachine(RuleBasedStateMachine):
    """Any sequence of calls and restarts, beside a dictionary that does the same."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal.db"
        self.database = Database(self.path)
        self.journal = Journal(self.database)
        self.known: dict[JobId, Known] = {}
        self.now = NOW_S

    def teardown(self) -> None:
        """Close and forget."""
        self.database.close()
        self.folder.cleanup()

    @rule(
        target=ids,
        number=st.integers(0, 5),
        count=st.integers(1, 3),
        state=st.sampled_from([State.ACCEPTED, State.READY]),
    )
    def admit(self, number: int, count: int, state: State) -> JobId:
        """Enter a job, which may be there already."""
        job_id = JobId(f"2026112{number}T090257Z-aaaa")
        is_new = self.journal.admit(envelope(job_id, recipients=PEOPLE[:count]), self.now, state)
        assert is_new is (job_id not in self.known)
        if is_new:
            self.known[job_id] = Known(state, dict.fromkeys(PEOPLE[:count], Fate.PENDING), [state])
        return job_id

    @rule(job_id=ids, to=st.sampled_from(State), attempts=st.integers(0, 1), later_s=st.integers(0, 100))
    def move(self, job_id: JobId, to: State, attempts: int, later_s: int) -> None:
        """Ask for any move; only those of MOVES happen."""
        known = self.known[job_id]
        at = self.now + later_s
        if to not in MOVES[known.state]:
            with pytest.raises(WrongMoveError):
                self.journal.move(job_id, to, self.now, next_try_at=at, attempts=attempts)
            return
        self.journal.move(job_id, to, self.now, next_try_at=at, attempts=attempts)
        known.state, known.next_try_at = to, at
        known.attempts += attempts
        known.history.append(to)

    @rule(job_id=ids, fates=st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from([Fate.SENT, Fate.FAILED])))
    def record(self, job_id: JobId, fates: dict[Address, Fate]) -> None:
        """Write any fates; only those who wait get one."""
        known = self.known[job_id]
        self.journal.record(job_id, "submission", {person: (fate, fate.value) for person, fate in fates.items()})
        for person, fate in fates.items():
            if known.fates.get(person) is Fate.PENDING:
                known.fates[person] = fate
                known.replies[person] = fate.value

    @rule(job_id=ids, state=st.sampled_from([State.FAILED, State.QUARANTINE]))
    def fail(self, job_id: JobId, state: State) -> None:
        """End a job badly, if it can end."""
        known = self.known[job_id]
        if state not in MOVES[known.state]:
            with pytest.raises(WrongMoveError):
                self.journal.fail_pending(job_id, self.now, "over", state)
            return
        self.journal.fail_pending(job_id, self.now, "over", state)
        known.state, known.next_try_at = state, 0.0
        known.history.append(state)
        for person, fate in known.fates.items():
            if fate is Fate.PENDING:
                known.fates[person] = Fate.FAILED
                known.replies[person] = "over"

    @rule(job_id=ids)
    def tell(self, job_id: JobId) -> None:
        """Note that somebody was told."""
        self.journal.mark_told(job_id)
        self.known[job_id].is_told = True

    @rule(job_id=ids)
    def doubt(self, job_id: JobId) -> None:
        """Note that it may have been taken."""
        self.journal.mark_uncertain(job_id, self.now, "no reply")
        self.known[job_id].is_uncertain = True
        self.known[job_id].history.append(State.SENDING)

    @rule(is_closed=st.booleans(), later_s=st.integers(1, 60))
    def restart(self, is_closed: bool, later_s: int) -> None:  # noqa: FBT001  hypothesis passes it by name
        """Open the file again, after a proper close or, as after a kill, without one."""
        old = self.database
        if is_closed:
            old.close()
        self.database = Database(self.path)
        self.journal = Journal(self.database)
        if not is_closed:
            old.close()
        self.now += later_s

    @invariant()
    def every_job_is_as_it_must_be(self) -> None:
        """Each job reads as the dictionary has it."""
        for job_id, known in self.known.items():
            job = self.journal.job(job_id)
            assert job is not None
            assert (job.state, job.attempts, job.next_try_at) == (known.state, known.attempts, known.next_try_at)
            assert {r.address: r.fate for r in job.recipients} == known.fates
            assert {r.address: r.reply for r in job.recipients if r.reply} == known.replies
            assert (job.is_told, job.is_uncertain) == (known.is_told, known.is_uncertain)
            assert [state for _, state, _ in self.journal.history(job_id)] == known.history
            assert closing_state(job.recipients) is None or not job.pending

    @invariant()
    def every_list_is_as_it_must_be(self) -> None:
        """The lists hold exactly the jobs they are to hold, in their order."""
        owed = sorted((i for i, k in self.known.items() if k.state in OWED), reverse=True)
        assert [job.id for job in self.journal.jobs()] == owed
        bad = sorted(i for i, k in self.known.items() if k.state in {State.FAILED, State.QUARANTINE} and not k.is_told)
        assert [job.id for job in self.journal.untold(100)] == bad
        due = self.journal.due(OWED, self.now, 100)
        assert {job.id for job in due} == {
            i for i, k in self.known.items() if k.state in OWED and k.next_try_at <= self.now
        }
        assert [job.next_try_at for job in due] == sorted(job.next_try_at for job in due)
        in_turn = [(job.next_try_at, job.id) for job in due if job.state is not State.DEFERRED]
        assert in_turn == sorted(in_turn)
        assert sum(self.journal.counts().values()) == len(self.known)


TestJournal = pytest.mark.filterwarnings("error")(JournalMachine.TestCase)
JournalMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
