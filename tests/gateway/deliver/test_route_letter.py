"""Which faults of an upstream are told of, when, and in which words."""

import email
from datetime import UTC, datetime
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.own_mail import Letterhead
from gateway.deliver.route_letter import (
    HOUR_S,
    KEPT_S,
    MOST,
    News,
    Waited,
    compose_route,
    is_worth_telling,
    news,
    settled,
)
from gateway.spool.outages import Outage
from tests.gateway.deliver.given import ADMIN, SENDER

AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
NOW = AT.timestamp()
SAID = "535 5.7.3 Authentication unsuccessful"


def _outage(began_s: float, ended_s: float | None = None, kind: str = "configuration", **facts: object) -> Outage:
    """One that began and ended so many seconds ago."""
    ended_at = 0.0 if ended_s is None else NOW - ended_s
    values = {"faults": 1, "said": SAID, "advice": "The login was refused: check username and secret."} | facts
    return Outage("submission", NOW - began_s, ended_at, kind, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outage", "is_worth"),
    [
        (_outage(299), False),
        (_outage(300), True),
        (_outage(60, faults=2), True),
        (_outage(60, kind="lock-out", faults=2), True),
        (_outage(3599, kind="outage", faults=9), False),
        (_outage(3600, kind="outage"), True),
        (_outage(3600, kind="day-quota"), True),
        (_outage(3600, kind=""), True),
        (_outage(4000, 3800), False),
        (_outage(4000, 3700), True),
        (_outage(-400 * 86400), True),
    ],
)
def test_what_needs_a_person_is_told_soon_and_what_mends_itself_late(outage: Outage, is_worth: bool):  # noqa: FBT001
    """After five minutes or the second probe, or after an hour; an end does not make a short one longer."""
    assert is_worth_telling(outage, NOW) is is_worth


TOLD = _outage(7200, fault_mail="a-n")
OVER = _outage(7200, 30, fault_mail="a-n")


def test_a_fault_is_told_once_and_its_end_once():
    """First the beginning, then nothing, then the end, then nothing."""
    first = _outage(400)
    assert news([first], [], NOW, is_drained=True) == News((first,), ())
    assert news([TOLD], [], NOW, is_drained=True) is None
    assert news([OVER], [], NOW, is_drained=True) == News((), (OVER,))
    assert news([_outage(7200, 30, fault_mail="a-n", end_mail="b-n")], [], NOW, is_drained=True) is None


def test_an_end_waits_for_the_scans_that_waited_ten_minutes_at_most():
    """The mail says how many went out: so it comes when they have, or when that takes long."""
    assert news([OVER], [], NOW, is_drained=False) is None
    late = _outage(7200, 601, fault_mail="a-n")
    assert news([late], [], NOW, is_drained=False) == News((), (late,))


def test_a_fault_nobody_could_be_told_of_is_one_mail_at_its_end():
    """Beginning and end together, not one after the other."""
    silent = _outage(7200, 30)
    assert news([silent], [], NOW, is_drained=True) == News((silent,), (silent,))


def test_a_short_outage_is_nobodys_matter():
    """It came and went before anybody could have done anything."""
    assert news([_outage(100, 30), _outage(5000, 4000, kind="outage")], [], NOW, is_drained=True) is None


def test_no_mail_says_that_it_works_when_it_does_not():
    """An end is held back while the upstream is at fault again, until that is to be told too, or is over."""
    again = _outage(10)
    assert news([OVER, again], [], NOW, is_drained=True) is None
    due = _outage(400)
    assert news([OVER, due], [], NOW, is_drained=True) == News((due,), (OVER,))
    assert news([OVER, _outage(20, 5)], [], NOW, is_drained=True) == News((), (OVER,))


def test_what_comes_and_goes_makes_four_mails_an_hour():
    """Beyond that all waits for one mail, which tells of each time."""
    mails = [NOW - 60.0 * number for number in range(MOST)]
    pair = [_outage(3000, 2000), _outage(1500, 700)]
    assert news(pair, mails, NOW, is_drained=True) is None
    later = NOW + HOUR_S
    assert news(pair, mails, later, is_drained=True) == News(tuple(pair), tuple(pair))
    assert news(pair, [NOW + 9e9] * MOST, NOW, is_drained=True) is not None  # by a clock that was wrong


def test_what_is_told_is_forgotten():
    """Over and told of, not worth telling, or a day old."""
    told = _outage(7200, 30, fault_mail="a-n", end_mail="b-n")
    old = _outage(KEPT_S + 900, KEPT_S + 1)
    assert settled([told, _outage(60, 30), old, OVER, TOLD, _outage(10)], NOW) == (told, _outage(60, 30), old)


WAITED = Waited(31, 2, 0)


def _read(told: News, waited: Waited = WAITED) -> tuple[str, str]:
    head = Letterhead(SENDER, (ADMIN,), "box.example.org", "1-n@contoso.com", AT)
    mail = email.message_from_bytes(compose_route("submission", told, waited, head), policy=default)
    assert [part.defects for part in mail.walk()] == [[]]
    assert mail["Auto-Submitted"] == "auto-generated"
    return str(mail["Subject"]), str(mail.get_content())


def test_the_fault_is_told_with_what_to_do():
    """Which way, since when, what was said, what to do, what waits, and the commands."""
    outage = _outage(3600)
    subject, text = _read(News((outage,), ()))
    assert subject == 'Scans wait: the way "submission" is at fault'
    for words in (
        "Since 2026-11-25 08:00 UTC",
        "2 of them now",
        f"Said: {SAID}",
        "What to do: The login was refused: check username and secret.",
        '"scangate status"',
        "journalctl -u scangate",
    ):
        assert words in text
    assert "look at the settings of this upstream" in _read(News((_outage(400, advice=""),), ()))[1]
    assert "nothing, unless it lasts" in _read(News((_outage(4000, kind="outage", advice=""),), ()))[1]


def test_the_end_says_how_long_it_was_and_what_became_of_the_scans():
    """How long, how many waited, how many went out."""
    subject, text = _read(News((), (_outage(9000, 300),)))
    assert subject == 'Scans go again: the way "submission" works'
    assert "since 2026-11-25 06:30 UTC, for 2 hours 25 minutes." in text
    assert "33 scans waited for it: 31 delivered since, 2 still waiting." in text
    assert "No scan waited for it." in _read(News((), (_outage(9000, 300),)), Waited(0, 0, 0))[1]
    assert "1 scan waited for it: 0 delivered since, 1 failed" in _read(News((), (OVER,)), Waited(0, 0, 1))[1]


def test_what_came_and_went_is_told_in_one():
    """Each time with its reason; the subject says how it is now."""
    times = tuple(_outage(9000 - 300 * number, 8900 - 300 * number) for number in range(25))
    subject, text = _read(News(times, times))
    assert subject == 'The way "submission" was at fault 25 times, and works again'
    assert text.count("- at fault from ") == 20
    assert "- and 5 times before" in text
    subject, text = _read(News((times[0], TOLD), (times[0],)))
    assert subject == 'The way "submission" was at fault 2 times, and is at fault'
    assert "and still is" in text


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_a_host_says_it_is_one_whole_mail(said: str, advice: str):
    """Line ends and nonsense in a reply make no header and no second mail."""
    assert _read(News((_outage(400, said=said, advice=advice),), ()))[0].startswith("Scans wait")


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(1, 400), st.sampled_from(["configuration", "outage"])), max_size=8
    ),
    st.lists(st.integers(0, 7200), max_size=6),
    st.booleans(),
)
def test_the_last_word_of_a_mail_is_how_it_is(
    lasts: list[tuple[int, int, str]],
    mails: list[int],
    is_drained: bool,  # noqa: FBT001
):
    """Whatever came and went: a mail tells of each once, and ends with the state that holds now."""
    at, outages = 40_000.0, []
    for pause, lasted, kind in lasts:
        at -= pause * 10
        outages.append(_outage(at, max(at - lasted * 10, 0.0) or None, kind))
        at = max(at - lasted * 10, 0.0)
    outages = [one for number, one in enumerate(outages) if one.ended_at or number == len(outages) - 1]
    told = news(outages, [NOW - before for before in mails], NOW, is_drained=is_drained)
    if told is not None:
        assert sum(before < HOUR_S for before in mails) < MOST
        is_down = any(not one.ended_at for one in outages)
        assert (not told.outages[-1].ended_at) is is_down
        assert len(set(told.outages)) == len(told.outages)
