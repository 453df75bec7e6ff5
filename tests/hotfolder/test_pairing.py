from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.arrival import Hold, Stamp
from hotfolder.pairing import pair, went_alone, went_alone_before
from hotfolder.settle import History, Ready, Rule, Wait
from hotfolder.track import Outlook, Track, outlook
from hotfolder.unfinished import Unfinished
from hotfolder.verdict import Incomplete

RULE = Rule(quiet_s=5.0, incomplete_timeout_s=600.0, sidecar_s=30.0)
READY, UNFINISHED = Ready(), Wait(1006.0)
NOW_S = 1000.0
NS = 1_000_000_000


def paired(
    steps: dict[str, Any],
    *,
    changed: dict[str, float] | None = None,
    arrived: dict[str, float] | None = None,
    strange: dict[str, str] | None = None,
    empty: tuple[str, ...] = (),
    now_s: float = NOW_S,
    rule: Rule = RULE,
    alone: Mapping[tuple[str, str], float] | None = None,
    unseen: tuple[str, ...] = (),
) -> Outlook:
    """The outlook at ``now_s`` on files that changed at 990 s and arrived together, or as given."""
    histories = {
        key: History(
            Stamp(number, 0 if key in empty else 9, number, 8),
            (changed or {}).get(key, 990.0),
            now_s,
            structure=Incomplete("it is no JSON") if isinstance(step, Ready) and step.rejected else None,
        )
        for number, (key, step) in enumerate(steps.items())
    }
    track = Track(histories, {}, {}, alone or {}, {key: Unfinished(None, 990.0, 990.0) for key in unseen})
    strange = {**(strange or {}), **dict.fromkeys(unseen, "it cannot be looked at")}
    arrived_ns = {key: int((arrived or {}).get(key, 0.0) * NS) for key in steps}
    return pair(outlook(track, steps, strange, now_s), track, arrived_ns, now_s, rule)


def go(look: Outlook) -> dict[str, tuple[str, ...]]:
    """Which scans go, with which sidecars, when none is rejected."""
    assert [ready.rejected for _, ready in look.ready] == [""] * len(look.ready)
    return {key: tuple(one for one, _ in look.companions.get(key, ())) for key, _ in look.ready}


def test_without_sidecars_nothing_is_one():
    """Where sidecars are off, every file goes for itself and at once."""
    look = paired({"scan.pdf": READY, "scan.xml": Ready(rejected="no scan")}, rule=Rule(5.0, 600.0))
    assert [key for key, _ in look.ready] == ["scan.pdf", "scan.xml"]
    assert look.companions == {}


@pytest.mark.parametrize(
    ("scan", "sidecar"),
    [
        ("scan.pdf", "scan.xml"),
        ("scan.pdf", "scan.pdf.xml"),
        ("SCAN.PDF", "scan.Json"),
        ("b\u00fcro.tif", "bu\u0308ro.txt"),
        ("alice/scan.pdf", "alice/scan.xml"),
        ("scan", "scan.txt"),
    ],
)
def test_a_scan_goes_with_its_sidecar(scan: str, sidecar: str):
    """One stem in one folder makes the two one, whatever the case and the form of its letters; it goes at once."""
    assert go(paired({scan: READY, sidecar: READY})) == {scan: (sidecar,)}
    assert go(paired({sidecar: READY, scan: READY})) == {scan: (sidecar,)}


@pytest.mark.parametrize("other", ["scan2.xml", "bob/scan.xml", "scan.csv"])
def test_another_name_or_folder_is_no_sidecar(other: str):
    """A file of another stem, folder or suffix says nothing of a scan: it waits for its own."""
    look = paired({"alice/scan.pdf": READY, other: UNFINISHED})
    assert go(look) == {}
    assert look.is_pending


def test_a_scan_waits_for_its_sidecar_and_then_goes_alone():
    """Without a sidecar a scan is pending for the stated time after its last change, and then goes as it is."""
    look = paired({"scan.pdf": READY}, changed={"scan.pdf": 971.0})
    assert (go(look), look.is_pending, look.due_s) == ({}, True, 1001.0)
    assert go(paired({"scan.pdf": READY}, changed={"scan.pdf": 970.0})) == {"scan.pdf": ()}


def test_a_scan_waits_for_a_sidecar_that_is_being_written():
    """However long it takes to be finished, within the time any file has, the scan does not go without it."""
    steps = {"scan.pdf": READY, "scan.xml": UNFINISHED}
    look = paired(steps, changed={"scan.pdf": 500.0, "scan.xml": 995.0})
    assert (go(look), look.is_pending, look.due_s) == ({}, True, 1006.0)
    late = paired(steps, changed={"scan.pdf": 500.0, "scan.xml": 995.0}, now_s=1595.0)
    assert [ready.rejected for _, ready in late.ready] == [
        "Nobody can tell who gets this scan: scan.xml beside it is not finished."
    ]
    assert late.companions == {"scan.pdf": ()}


def test_a_sidecar_that_cannot_be_read_holds_its_scan_and_then_fails_it():
    """A broken sidecar is told, waits for its retry as a broken scan does, and then both fail together."""
    look = paired({"scan.pdf": READY, "scan.json": Wait(1590.0, Hold.INCOMPLETE, "it is no JSON")})
    assert go(look) == {}
    assert look.held["scan.pdf"] == (Hold.INCOMPLETE, "scan.json beside it is not finished: it is no JSON")
    assert not look.is_pending
    late = paired({"scan.pdf": READY, "scan.json": Ready(rejected="cut short")}, now_s=1595.0)
    assert [ready.rejected for _, ready in late.ready] == [
        "Nobody can tell who gets this scan: its sidecar scan.json cannot be used, it is no JSON."
    ]
    assert [one for one, _ in late.companions["scan.pdf"]] == ["scan.json"]


@pytest.mark.parametrize("kind", ["link", "empty"])
def test_a_sidecar_that_is_none_never_counts_as_none(kind: str):
    """A link or an empty file in a sidecar's place holds the scan and then fails it: it never goes to ``to``."""
    steps: dict[str, Any] = {"scan.pdf": READY}
    strange: dict[str, str] = {}
    if kind == "link":
        strange["scan.xml"] = "it is a symbolic link"
    else:
        steps["scan.xml"] = Wait(float("inf"))
    look = paired(steps, strange=strange, empty=("scan.xml",))
    assert go(look) == {}
    assert look.held["scan.pdf"][1].startswith("scan.xml beside it is ")
    assert not look.is_pending
    late = paired(steps, strange=strange, empty=("scan.xml",), now_s=1600.0)
    assert len(late.ready) == 1
    assert late.ready[0][1].rejected.startswith("Nobody can tell who gets this scan: scan.xml beside it is ")


@pytest.mark.parametrize(
    "names",
    [("scan.pdf", "scan.tif", "scan.xml"), ("scan.pdf", "scan.xml", "scan.json"), ("scan.pdf", "scan.xml", "SCAN.XML")],
)
def test_what_is_not_one_to_one_fails(names: tuple[str, ...]):
    """Two scans of one sidecar, or two sidecars of one scan, all fail together, and each file goes along once."""
    look = paired(dict.fromkeys(names, READY))
    assert all(ready.rejected for _, ready in look.ready)
    gone = [key for key, _ in look.ready] + [one for pairs in look.companions.values() for one, _ in pairs]
    assert sorted(gone) == sorted(names)


@pytest.mark.parametrize("unseen", ["scan.xml", "scan.tif"])
def test_what_cannot_be_looked_at_leaves_no_doubt_out(unseen: str):
    """A sidecar, or a second scan of one, that cannot be seen for now is there: the scan waits, and then fails."""
    steps: dict[str, Any] = {"scan.pdf": READY, **({} if unseen == "scan.xml" else {"scan.xml": READY})}
    look = paired(steps, unseen=(unseen,))
    assert (go(look), look.is_pending) == ({}, False)
    assert look.held["scan.pdf"][1] == f"{unseen} beside it is not finished: it cannot be looked at"
    late = paired(steps, unseen=(unseen,), now_s=1600.0)
    assert [bool(ready.rejected) for _, ready in late.ready] == [True]


def test_a_second_scan_on_its_way_holds_the_first():
    """While another scan of the same sidecar is being written, the first one does not take the sidecar from it."""
    look = paired({"scan.pdf": READY, "scan.xml": READY, "scan.tif": UNFINISHED})
    assert (go(look), look.is_pending) == ({}, True)


def test_a_sidecar_left_over_does_not_address_the_next_scan_of_its_name():
    """Names are used again: a sidecar of long before waits to be overwritten, and then fails its scan."""
    steps = {"scan.pdf": READY, "scan.xml": READY}
    arrived = {"scan.pdf": 990.0, "scan.xml": 959.0}
    look = paired(steps, arrived=arrived)
    assert (go(look), look.is_pending, look.due_s) == ({}, True, 1020.0)
    late = paired(steps, arrived=arrived, now_s=1020.0)
    assert "may be another scan's" in late.ready[0][1].rejected
    assert [one for one, _ in late.companions["scan.pdf"]] == ["scan.xml"]
    assert go(paired(steps, arrived={"scan.pdf": 990.0, "scan.xml": 961.0})) == {"scan.pdf": ("scan.xml",)}


@pytest.mark.parametrize("sidecar", ["scan.xml", "SCAN.PDF.txt"])
@pytest.mark.parametrize("first", [READY, Ready(rejected="The file is cut short.")])
def test_a_sidecar_too_late_for_its_scan_does_not_address_the_next_one(sidecar: str, first: Ready):
    """After a scan went without one, a sidecar of its name is perhaps that scan's: the next scan fails with it.

    Not for ever: a share may get scans with and without sidecars. Other names and folders are not concerned.
    """
    history = History(Stamp(1, 9, 1, 8), 970.0, NOW_S)
    track = Track({"scan.pdf": history}, {}, {})
    gone = pair(outlook(track, {"scan.pdf": first}, {}, NOW_S), track, {}, NOW_S, RULE)
    alone = went_alone(gone, track, NOW_S, RULE)
    look = paired({"scan.pdf": READY, sidecar: READY}, alone=alone)
    assert "an earlier scan of its name went without one" in look.ready[0][1].rejected
    assert [one for one, _ in look.companions["scan.pdf"]] == [sidecar]
    assert go(paired({"bob/scan.pdf": READY, f"bob/{sidecar}": READY}, alone=alone)) != {}
    assert go(paired({"scan.pdf": READY, sidecar: READY}, alone=alone, now_s=1570.0)) == {"scan.pdf": (sidecar,)}
    assert went_alone(Outlook((), {}, False, 0.0), replace(track, alone=alone), 1570.0, RULE) == {}


def test_what_went_alone_in_an_earlier_run_is_remembered_for_as_long():
    """A restart makes no sidecar the next scan's: the latest of a name counts, and what is long past does not."""
    ages_s = {"scan.pdf": 500.0, "scan.tif": 100.0, "old.pdf": 600.0, "bob/Scan.PDF": 0.0}
    alone = went_alone_before(ages_s, NOW_S, RULE)
    assert alone == {
        ("", "scan"): 1500.0,
        ("", "scan.pdf"): 1100.0,
        ("", "scan.tif"): 1500.0,
        ("bob", "scan"): 1600.0,
        ("bob", "scan.pdf"): 1600.0,
    }
    look = paired({"scan.pdf": READY, "scan.xml": READY}, alone=alone)
    assert "an earlier scan of its name went without one" in look.ready[0][1].rejected
    assert went_alone_before({"scan.pdf": 0.0}, NOW_S, replace(RULE, sidecar_s=900.0))["", "scan"] == 2800.0


def test_a_scan_with_its_sidecar_casts_no_doubt_on_the_next():
    """A device that uses its names again and always sends a sidecar is never doubted."""
    histories = {key: History(Stamp(1, 9, 1, 8), 990.0, NOW_S) for key in ("scan.pdf", "scan.xml")}
    track = Track(histories, {}, {})
    look = paired({"scan.pdf": READY, "scan.xml": READY})
    assert went_alone(look, track, NOW_S, RULE) == {}
    assert went_alone(look, track, NOW_S, Rule(5.0, 600.0)) == {}


def test_a_sidecar_far_too_late_does_not_address_an_old_scan():
    """A scan that lay there long before its sidecar came fails with it, though the two have one name."""
    look = paired({"scan.pdf": READY, "scan.xml": READY}, arrived={"scan.pdf": 900.0, "scan.xml": 990.0})
    assert "may be another scan's" in look.ready[0][1].rejected


def test_a_failed_scan_takes_its_sidecar_along():
    """A scan that is cut short fails with its own sentence, at once, and its sidecar does not stay behind."""
    look = paired({"scan.pdf": Ready(rejected="The file is cut short."), "scan.xml": READY})
    assert look.ready[0][1].rejected == "The file is cut short."
    assert [one for one, _ in look.companions["scan.pdf"]] == ["scan.xml"]


def test_a_sidecar_alone_is_kept_and_told():
    """A sidecar without a scan never goes: it is pending for the stated time, and then told."""
    look = paired({"scan.xml": READY}, changed={"scan.xml": 971.0})
    assert (look.ready, look.is_pending, look.due_s, look.held) == ((), True, 1001.0, {})
    late = paired({"scan.xml": Ready(rejected="cut short")}, changed={"scan.xml": 970.0})
    assert (late.ready, late.is_pending) == ((), False)
    assert late.held == {"scan.xml": (Hold.ALONE, "no scan of its name came with it")}


KEYS = st.sampled_from(
    [f"{folder}{name}" for folder in ("", "alice/") for name in ("a.pdf", "a.tif", "A.xml", "a.json", "a.pdf.txt")]
)
STEPS = st.sampled_from(
    [READY, Ready(rejected="x"), UNFINISHED, Wait(float("inf")), Wait(1500.0, Hold.INCOMPLETE, "cut")]
)


@given(
    st.dictionaries(KEYS, STEPS, max_size=8),
    st.dictionaries(KEYS, st.floats(900, 1000), max_size=8),
    st.dictionaries(KEYS, st.floats(900, 1000), max_size=8),
    st.floats(1000, 2000),
)
def test_no_scan_goes_to_others_while_a_sidecar_is_in_doubt(
    steps: dict[str, Any], changed: dict[str, float], arrived: dict[str, float], now_s: float
):
    """Whatever lies there: a scan that goes unrejected has one finished sidecar, or none of its name exists at all."""
    look = paired(steps, changed=changed, arrived=arrived, now_s=now_s)
    gone: list[str] = []
    for key, ready in look.ready:
        assert Path(key).suffix in {".pdf", ".tif"}
        assert isinstance(steps[key], Ready)
        mine = [one for one, _ in look.companions.get(key, ())]
        gone += [key, *mine]
        assert all(isinstance(steps[one], Ready) for one in mine)
        if ready.rejected:
            continue
        folder, name = key.rpartition("/")[::2]
        family = [
            one
            for one in steps
            if one.rpartition("/")[0] == folder
            and one.rpartition("/")[2].lower() in {"a.xml", "a.json", *(["a.pdf.txt"] if name == "a.pdf" else [])}
        ]
        assert mine == family
        assert len(mine) <= 1
        assert all(not steps[one].rejected for one in mine)
        assert all(abs(arrived.get(one, 0.0) - arrived.get(key, 0.0)) <= 30.001 for one in mine)
    assert len(gone) == len(set(gone))
