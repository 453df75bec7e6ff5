"""Doors take turns."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.turns import in_turn
from gateway.spool.job import Job, JobId, State

ORIGINS = st.sampled_from(["share/a", "share/b", "smtp/c", "notice/d"])


def _job(number: int, origin: str) -> Job:
    return Job(
        id=JobId(str(number)),
        state=State.READY,
        created_at=0.0,
        changed_at=0.0,
        origin=origin,
        title="",
        attempts=0,
        next_try_at=0.0,
        reason="",
        is_told=False,
        is_uncertain=False,
        size_bytes=0,
        pages=1,
        recipients=(),
    )


@given(st.lists(ORIGINS, max_size=30), st.dictionaries(ORIGINS, st.integers(1, 9)))
def test_nobody_is_left_out_or_overtaken_by_his_own(origins: list[str], served: dict[str, int]):
    """Every job comes once; of one door they keep their order; no door is more than one job ahead of one that waits."""
    jobs = [_job(number, origin) for number, origin in enumerate(origins)]
    turns = in_turn(jobs, served)
    assert sorted(turns, key=lambda job: int(job.id)) == jobs
    for origin in set(origins):
        own = [job for job in turns if job.origin == origin]
        assert own == [job for job in jobs if job.origin == origin]
        for end in range(len(turns)):
            so_far = sum(job.origin == origin for job in turns[:end])
            if so_far < len(own):
                assert all(sum(job.origin == other for job in turns[:end]) <= so_far + 1 for other in set(origins))


def test_whoever_was_served_longest_ago_goes_first():
    """A door that has sent nothing yet goes before one that has, and that before the one that was served last."""
    jobs = [_job(number, origin) for number, origin in enumerate("aaabbc")]
    assert "".join(job.origin for job in in_turn(jobs, {"a": 7, "b": 3})) == "cbabaa"
