"""How many failures are told one by one."""

import email
from datetime import UTC, datetime
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.digest_letter import Heap, compose_digest
from gateway.deliver.flood import HOUR_S, SINGLES, Kind, is_due, kind_of, told_singly, waits_until
from gateway.deliver.own_mail import Letterhead
from hotfolder.settle import EMPTY, NOT_A_SCAN
from image import sniff
from image.refusal import refusal_of
from tests.gateway.deliver.given import ADMIN, SENDER

NOW = 1e9


def test_what_failed_is_told_by_its_sentence():
    """Rubbish and empty files are what watcher and converter call so; all else may be a scan."""
    said = (NOT_A_SCAN, str(refusal_of(sniff.Kind.ZIP)), EMPTY, "", "cut", str(refusal_of(sniff.Kind.POSTSCRIPT)))
    assert [kind_of(one) for one in said] == [Kind.NO_SCAN, Kind.NO_SCAN, Kind.EMPTY, Kind.SCAN, Kind.SCAN, Kind.SCAN]


@given(st.lists(st.tuples(st.sampled_from(Kind), st.floats(0, 5 * HOUR_S)), max_size=200))
def test_no_hour_has_more_than_its_number(failures: list[tuple[Kind, float]]):
    """Whatever fails when: of each kind at most so many are told at once in an hour; who waits does so to its end."""
    singles: tuple[tuple[Kind, float], ...] = ()
    told: list[tuple[Kind, float]] = []
    for kind, at in sorted(failures, key=lambda one: one[1]):
        singles = told_singly(singles, at)
        until = waits_until(singles, kind)
        if until is None:
            singles = (*singles, (kind, at))
            told.append((kind, at))
        else:
            assert not is_due(until, at)
    for kind, most in SINGLES.items():
        for _, began in told:
            same_hour = [at for one, at in told if one is kind and began <= at < began + HOUR_S]
            assert len(same_hour) <= 2 * most  # the end of one hour and the beginning of the next


@pytest.mark.parametrize(
    ("until_in_s", "expected"), [(1, False), (HOUR_S, False), (0, True), (-9, True), (HOUR_S + 61, True)]
)
def test_a_wait_ends(until_in_s: float, expected: bool):  # noqa: FBT001
    """At its time, and at once when only a wrong clock can have set it."""
    assert is_due(NOW + until_in_s, NOW) is expected


def test_hours_of_a_wrong_clock_do_not_count():
    """Single notices of the future or of an hour that is over hold nothing back."""
    for at in (NOW + 1, NOW - HOUR_S):
        assert told_singly([(Kind.SCAN, at)], NOW) == ()


@given(st.dictionaries(st.sampled_from(Kind), st.tuples(st.integers(0, 9), st.lists(st.text(), max_size=5))))
def test_any_names_make_a_whole_mail(heaps: dict[Kind, tuple[int, list[str]]]):
    """Whatever devices call their files, the digest parses, and counts what it does not name."""
    head = Letterhead(SENDER, (ADMIN,), "box", "1-n@contoso.com", datetime(2026, 11, 25, tzinfo=UTC))
    filled = {kind: Heap(len(lines) + more, lines) for kind, (more, lines) in heaps.items()}
    message = email.message_from_bytes(compose_digest("share/scans", filled, head), policy=default)
    assert [defect for part in message.walk() for defect in part.defects] == []
    body = message.get_body()
    assert body is not None
    for kind, (more, lines) in heaps.items():
        text = body.get_content().replace("\r\n", "\n")
        assert (f": {len(lines) + more}\n" in text) or not len(lines) + more
        assert (f"- and {more} more" in text) or not more, kind
