import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.normalise.partial import REPEAT_S, WAIT_S, Join, Repeated, Wait, judge
from gateway.normalise.patience import GRACE_S, Patience
from gateway.spool.fragments import Fragment
from gateway.spool.job import JobId

NOW = 1_000_000.0


def piece(
    number: int, total: int = 0, *, at: float = NOW, sha256: str = "", whole: str = "", again: int = 0
) -> Fragment:
    """A piece that came at a time; its job's name says which it is."""
    return Fragment(JobId(f"job-{number}-{again}"), number, total, sha256 or f"{number}", at, JobId(whole))


@given(st.integers(1, 30), st.randoms(use_true_random=False), st.sampled_from(["all", "last", "one"]))
def test_pieces_are_joined_in_order(total, chance: random.Random, said):
    """Case 42: pieces in any order are joined when all are there, and not before, whoever says the total."""
    telling = {"all": set(range(1, total + 1)), "last": {total}, "one": {chance.randint(1, total)}}[said]
    pieces = [piece(number, total if number in telling else 0) for number in range(1, total + 1)]
    chance.shuffle(pieces)
    for came in range(1, total):
        assert isinstance(judge(pieces[0].job, pieces[:came], NOW, 0), Wait)
    joined = judge(pieces[-1].job, pieces, NOW, 0)
    assert isinstance(joined, Join)
    assert [one.number for one in joined.pieces] == list(range(1, total + 1))
    assert (joined.others, joined.rejected) == ((), "")


@pytest.mark.parametrize(
    ("known", "lacks"),
    [
        ([piece(1, 2)], "piece 2 of 2 had not come"),
        ([piece(1, 5), piece(3, 5)], "pieces 2, 4 and 5 of 5 had not come"),
        ([piece(2)], "the last piece was still missing (of 2 it is not said how many there are)"),
        ([piece(1, 2), piece(2, 3), piece(3, 3)], "the pieces did not agree on how many they are"),
        ([piece(1, 2), piece(2), piece(3)], "the pieces did not agree on how many they are"),
        (
            [piece(1, 2), piece(2, 2), piece(2, 2, sha256="x", again=1)],
            "piece 2 had come more than once, with different contents",
        ),
        ([piece(1, 40)], "pieces 2, 3, 4, 5, 6, 7, 8, 9, 10 and 30 more of 40 had not come"),
    ],
)
def test_pieces_that_are_no_mail_are_given_up_together(known, lacks):
    """Case 42: what lacks is waited for 30 minutes after the last piece that came; then all fail as one, saying so."""
    own = known[0].job
    assert judge(own, known, NOW, 0) == Wait(NOW + WAIT_S, lacks)
    assert judge(own, known, NOW, WAIT_S - 1) == Wait(NOW + 1, lacks)
    ended = judge(own, known, NOW, WAIT_S)
    assert isinstance(ended, Join)
    assert ended.pieces == tuple(sorted(known, key=lambda one: (one.number, one.job)))
    assert ended.rejected.startswith(f"The printer sent this scan in pieces, and after 30 minutes {lacks}. Please")


def test_how_long_pieces_have_been_waited_with():
    """Since the newest came, by the clock that nobody sets; of an earlier run at most so much that ten minutes stay."""
    now_s = 50.0
    patience = Patience(lambda: now_s)
    assert patience.waited_s([piece(1, at=NOW - 60)], NOW) == 60
    assert patience.waited_s([piece(2, at=NOW * 2)], NOW) == 0
    assert patience.waited_s([piece(3, at=0)], NOW) == WAIT_S - GRACE_S
    now_s += 100
    assert patience.waited_s([piece(1, at=NOW - 60), piece(3, at=0)], NOW + 9**9) == 160
    patience.forget([piece(1).job, piece(7).job])
    assert patience.waited_s([piece(1, at=NOW)], NOW) == 0


def test_a_piece_that_comes_again():
    """Case 42: a repeated piece ends with the others; one that comes after them belongs to what they became."""
    again = piece(1, 2, again=1)
    assert judge(again.job, [piece(1, 2), piece(2, 2), again], NOW, 0) == Join((piece(1, 2), piece(2, 2)), (again,))
    joined = [piece(1, 2, whole="w"), piece(2, 2, whole="w")]
    assert judge(again.job, [*joined, again], NOW, 0) == Repeated(JobId("w"))
    other = piece(1, 2, again=1, sha256="other")
    assert isinstance(judge(other.job, [*joined, other], NOW, 0), Wait)
    late = piece(1, 2, again=1, at=NOW + REPEAT_S)
    assert isinstance(judge(late.job, [*joined, late], NOW, 0), Wait)
