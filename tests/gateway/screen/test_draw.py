import textwrap
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.model import Address
from gateway.screen.draw import draw, sign
from gateway.screen.facts import Facts
from gateway.spool.job import Fate, Recipient, State
from hotfolder.arrival import Fault, Held, Hold, Standing, Trouble
from tests.gateway.screen.given import ALICE, OFFICE, REFUSED, SENT, at, facts, held, rest, scan

QUIET = """\
scangate on branch-12: the folder "scans"
=========================================

THE BOX
  Running since 2026-11-25 08:01 CET.
  Delivering.
  Free space: 12 GB.
  Waiting to be delivered: nothing.

PROBLEMS
  None.

THE LAST 10 SCANS OF THIS FOLDER
  None yet.
"""


def flat(text: str) -> str:
    """The text without its line ends, so that a sentence is found however it is wrapped."""
    return " ".join(text.split())


def test_all_is_well():
    """A box without troubles and scans says just that."""
    assert draw(facts(), at(15)) == QUIET


TABLE: list[tuple[dict[str, Any], str]] = [
    ({"waiting": 1, "oldest_at": at(9)}, "delivered: 1 scan of this folder since 2026-11-25 09:00 CET."),
    ({"waiting": 7, "oldest_at": at(9)}, "7 scans of this folder, the oldest since 2026-11-25 09:00 CET."),
    ({"stopped_at": at(17)}, "scangate was stopped at 2026-11-25 17:00 CET. Scans put here wait until it is started"),
    ({"resting": (rest(),)}, 'NOT DELIVERING: the way "submission" is at fault. Scans wait meanwhile, none is lost.'),
    ({"resting": (rest(),)}, "It is tried again at 2026-11-25 14:10 CET. Said: 421 4.3.2 down What to do: nothing;"),
    ({"resting": (rest(until=at(13)),)}, "It is tried again with the next scan."),
    ({"resting": (rest(advice="Renew the secret."),)}, "What to do: Renew the secret."),
    ({"resting": (rest(is_for_a_person=True),)}, "421 4.3.2 down What to do: tell the administrator."),
    ({"resting": (rest(),), "upstreams": 2}, 'Delivering in part: the way "submission" is at fault.'),
    (
        {"free_bytes": 150_000_000},
        "Too little free space: 150 MB, and 200 MB have to stay free. Until there is more, new scans are refused",
    ),
    ({"free_bytes": 0}, "Too little free space: 0 MB,"),
    ({"standing": held(Hold.STRANGE)}, "* x.pdf is not taken: it is a symbolic link. What to do: remove it, and put a"),
    ({"standing": held(Hold.INCOMPLETE)}, "x.pdf is still incomplete: it is a symbolic link. What to do: if the"),
    ({"standing": held(Hold.OPEN)}, "x.pdf is still open: it is a symbolic link. What to do: switch the printer off"),
    ({"standing": held(Hold.LEFT)}, "x.pdf cannot be taken: it is a symbolic link. What to do: nothing at first"),
    ({"standing": held(Hold.EMPTY)}, "x.pdf is still empty: it is a symbolic link. What to do: if the printer"),
    (
        {"standing": Standing("scans", (), (Fault("it cannot be read: gone", Trouble.FOLDER, "scans"),))},
        "* This folder: it cannot be read: gone. What to do: tell the administrator.",
    ),
    (
        {"standing": Standing("scans", tuple(Held(Path(f"{n}"), "odd", Hold.STRANGE, "scans") for n in range(13)))},
        "And 3 more files that are not taken.",
    ),
    ({"scans": (scan(State.SENT, SENT),)}, "14:03 CET, 3 pages: scan.pdf sent to office@contoso.com"),
    ({"scans": (scan(State.SENT, SENT, pages=1),)}, "14:03 CET, 1 page: scan.pdf"),
    ({"scans": (scan(State.ACCEPTED, pages=0),)}, "14:03 CET: scan.pdf waiting, for office@contoso.com"),
    ({"scans": (scan(State.ACCEPTED, reason="waits: full"),)}, "waiting, for office@contoso.com: waits: full"),
    ({"scans": (scan(State.READY),)}, "waiting, for office@contoso.com"),
    ({"scans": (scan(State.SENDING),)}, "waiting, for office@contoso.com"),
    (
        {"scans": (scan(State.DEFERRED, reason="450 busy", next_try_at=at(14, 10)),)},
        "deferred until 2026-11-25 14:10 CET, for office@contoso.com: 450 busy.",
    ),
    (
        {"scans": (scan(State.DEFERRED, SENT, Recipient(ALICE), reason="450 busy"),)},
        "deferred, for alice@contoso.com: 450 busy. sent to office@contoso.com",
    ),
    (
        {"scans": (scan(State.HELD, SENT, Recipient(ALICE), reason="the connection ended"),)},
        "held, for alice@contoso.com: it may have arrived, so it is not sent again. What to do: ask them, then tell",
    ),
    (
        {"scans": (scan(State.FAILED, SENT, REFUSED),)},
        "550 5.1.10 no such mailbox. What to do: see the folder _failed; it tells what helps. sent to office@",
    ),
    ({"scans": (scan(State.FAILED, reason="Cut short. Scan again."),)}, "office@contoso.com: Cut short. Scan again."),
    ({"scans": (scan(State.QUARANTINE),)}, "FAILED, for office@contoso.com: no reason is known."),
    (
        {"scans": (scan(State.READY, *(Recipient(Address(f"a{n}@contoso.com")) for n in range(7))),)},
        "a4@contoso.com and 2 more",
    ),
]


@pytest.mark.parametrize(("changed", "told"), TABLE, ids=range(len(TABLE)))
def test_each_fact_has_its_words(changed: dict[str, Any], told: str):
    """Each state of the box, of a file and of a scan is told in words, with what to do about it."""
    assert told in flat(draw(facts(**changed), at(14, 5)))


@pytest.mark.parametrize(
    ("size_bytes", "told"),
    [
        (999_999_999, "990 MB"), (1_000_000_000, "1 GB"), (1_290_000_000, "1.2 GB"), (98_700_000_000, "98 GB"),
        (123_456_000_000, "120 GB"), (201_000_000, "200 MB"), (2_000_000_000_000, "2000 GB"),
    ],
)  # fmt: skip
def test_space_is_told_roughly(size_bytes: int, told: str):
    """Two figures, rounded down: a text that changed with every scan would be written with every scan."""
    assert f"Free space: {told}." in draw(facts(free_bytes=size_bytes), at(15))


@pytest.mark.parametrize("hours", [0, 1, 24, 1000])
def test_the_clock_alone_changes_nothing(hours: int):
    """However late it is, the same facts are the same text: times are absolute."""
    known = facts(waiting=2, oldest_at=at(9), resting=(rest(until=at(9)),), scans=(scan(State.SENT, SENT),))
    assert draw(known, at(15) + timedelta(hours=hours)) == draw(known, at(15))


def test_another_shares_recipient_is_not_named():
    """What a mail server said of another share's mail is told without its addresses; the share's own stay."""
    said = "550 5.7.1 <boss@contoso.com>: relay denied, office@contoso.com. Ask 'head@contoso.com'"
    text = draw(facts(resting=(rest(said=said),), scans=(scan(State.READY),)), at(14))
    assert "boss" not in text
    assert "head" not in text
    assert "550 5.7.1 <(an address)>: relay denied, office@contoso.com." in flat(text)


def test_ten_scans_are_shown():
    """The last ten, newest first as they come."""
    text = draw(facts(scans=tuple(scan(State.SENT, SENT, name=f"{n}.pdf") for n in range(12))), at(15))
    assert [n for n in range(12) if f" {n}.pdf" in text] == list(range(10))


@pytest.mark.parametrize(
    ("alike", "told"),
    [
        (0, ""),
        (1, " So did, before it, 1 file that is no scan or stayed empty."),
        (29, " So did, before it, 29 files that are no scans or stayed empty."),
    ],
)
def test_what_is_no_scan_is_told_once(alike: int, told: str):
    """Of many files that are no scans the last is told as any failure, and how many there were besides."""
    text = draw(facts(scans=(scan(State.FAILED, reason="It is no scan.", name="notes.docx", alike=alike),)), at(15))
    assert flat(text).endswith(f"It is no scan. What to do: see the folder _failed; it tells what helps.{told}")


def test_the_end_says_how_a_dead_box_is_seen():
    """The last lines say when it was written, when it will be again, and whom to ask."""
    text = flat(sign("BODY\n", facts(), at(14, 5), 600))
    assert text.startswith(
        "BODY Written 2026-11-25 14:05 CET. It is written again when something changes, and every 10"
    )
    assert "If it is now 15 minutes later or more, the box is switched off or has a fault" in text
    assert text.endswith("Administrator: it@contoso.com")


def test_a_stopped_box_promises_no_rewriting():
    """A text of a stopped service does not say that it will be written again."""
    assert sign("BODY\n", facts(stopped_at=at(14), admin=()), at(14), 600) == "BODY\n\nWritten 2026-11-25 14:00 CET.\n"


ANY_TEXT = st.text(max_size=400)
ANY_RECIPIENT = st.builds(Recipient, st.text(max_size=80).map(Address), st.sampled_from(Fate), ANY_TEXT, ANY_TEXT)
ANY_SCAN = st.builds(
    scan,
    st.sampled_from(State),
    ANY_RECIPIENT,
    ANY_RECIPIENT,
    name=ANY_TEXT,
    reason=ANY_TEXT,
    pages=st.integers(0, 10_000),
    alike=st.integers(0, 10**9),
)
ANY_HELD = st.builds(
    Held, st.text(min_size=1, max_size=300).map(lambda t: Path(t.replace("\0", "_"))), ANY_TEXT, st.sampled_from(Hold),
    st.just("scans"),
)  # fmt: skip
ANY_FACTS = st.builds(
    facts,
    share=st.text("abc-_", min_size=1, max_size=64),
    free_bytes=st.integers(0, 10**15),
    resting=st.lists(st.builds(rest, said=ANY_TEXT, advice=ANY_TEXT), max_size=2).map(tuple),
    scans=st.lists(ANY_SCAN, max_size=11).map(tuple),
    standing=st.builds(Standing, st.just("scans"), st.lists(ANY_HELD, max_size=12).map(tuple)),
)


@given(ANY_FACTS)
def test_any_facts_make_a_text_for_a_narrow_window(known: Facts):
    """Whatever devices and hosts have said: lines of at most 78 printable characters, so none of it forges a line."""
    text = sign(draw(known, at(15)), known, at(15), 600)
    assert max(map(len, text.split("\n"))) <= 78
    assert all(line.isprintable() for line in text.split("\n"))
    text.encode(errors="replace")


def test_a_name_forges_no_line():
    """A file named like a line of ours stays within its own."""
    text = draw(facts(scans=(scan(State.SENT, SENT, name="a.pdf\nPROBLEMS\n  None."),)), at(15))
    assert text.count("\nPROBLEMS\n") == 1
    assert textwrap.dedent(text).isascii()
    assert OFFICE in text


def test_files_that_are_only_counted_are_counted():
    """Beside ten that are named stands the number of all others, those that nobody knows by name included."""
    held = tuple(Held(Path(f"{n}.pdf"), "nothing was written into it", Hold.EMPTY, "scans") for n in range(12))
    text = draw(facts(standing=Standing("scans", held, (), 5000)), at(14))
    assert "And 5002 more files that are not taken." in text
    assert "And 7 more files" in draw(facts(standing=Standing("scans", (), (), 7)), at(14))


def test_what_is_in_the_way_of_failed_can_be_mended_by_anybody():
    """For a file that stands where failed scans are shown the text says what helps, not whom to tell."""
    fault = Fault("a file named _failed stands where failed scans are shown", Trouble.FAILED, "scans")
    text = " ".join(draw(facts(standing=Standing("scans", (), (fault,))), at(14)).split())
    assert "What to do: remove or rename what is called _failed here" in text


def test_a_fault_says_since_when_and_until_when_scans_wait():
    """Whoever looks sees since when nothing goes, and when the oldest scan of this folder is given up."""
    seen = facts(
        resting=(rest(since=at(9, 30)),), waiting=2, oldest_at=at(9, 45), given_up_at=at(9, 45) + timedelta(days=5)
    )
    text = " ".join(draw(seen, at(14)).split())
    assert 'the way "submission" is at fault since 2026-11-25 09:30 CET.' in text
    assert "the oldest since 2026-11-25 09:45 CET. Given up at 2026-11-30 09:45 CET." in text
    well = draw(replace(seen, resting=()), at(14))
    assert "Given up" not in well
