from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hotfolder.arrival import Hold, Sighting, Stamp
from hotfolder.group import Grouping
from hotfolder.group_folders import in_folders
from hotfolder.pages import PageRule
from hotfolder.settle import Ready, Step, Wait, first_seen
from hotfolder.track import Track, outlook
from hotfolder.unfinished import Unfinished

RULE = PageRule(gap_s=20.0, pages=5, size_bytes=5000)
WHOLE = Ready()
REJECTED = Ready(rejected="It is no scan.")
COMING = Wait(3.0)
CUT = Wait(600.0, Hold.INCOMPLETE, "the JPEG has no end mark")


def found(
    steps: dict[str, Step],
    now_s: float,
    size_bytes: int = 1000,
    strange: dict[str, str] | None = None,
    before: Grouping | None = None,
    unfinished: dict[str, Unfinished] | None = None,
) -> Grouping:
    """What a look comes to: files that changed last at second 0, by key; after the look before."""
    stamp = Stamp(1, size_bytes, 1, 8)
    empty = Stamp(1, 0, 1, 0)
    histories = {
        key: first_seen(Sighting(empty if step == Wait(float("inf")) else stamp, 0.0)) for key, step in steps.items()
    }
    track = Track(histories, {}, {})
    said = before.said if before else {}
    return in_folders(histories, unfinished or {}, outlook(track, steps, strange or {}, now_s), now_s, RULE, said)


def keys(grouping: Grouping) -> list[tuple[str, ...]]:
    """The files of each scan."""
    return [scan.keys for scan in grouping.scans]


def test_a_quiet_folder_is_one_scan_in_natural_order():
    """All files of a folder are one scan, page 10 after page 9, called after the folder."""
    whole = found({f"job/{number}.jpg": WHOLE for number in (10, 9, 11)}, 20.0)
    assert keys(whole) == [("job/9.jpg", "job/10.jpg", "job/11.jpg")]
    assert (whole.scans[0].called, whole.scans[0].notes) == ("job", ())


def test_a_folder_waits_for_its_gap():
    """Until the gap has passed since the last change the folder waits, and says until when."""
    waiting = found({"job/1.jpg": WHOLE, "job/2.jpg": WHOLE}, 19.9)
    assert (waiting.scans, waiting.outlook.is_pending, waiting.outlook.due_s) == ((), True, 20.0)


def test_files_at_the_top_do_not_wait():
    """With folders as scans a file beside them is a scan of its own, at once."""
    assert keys(found({"a_1.jpg": WHOLE, "a_2.jpg": WHOLE, "job/1.jpg": WHOLE}, 6.0)) == [("a_1.jpg",), ("a_2.jpg",)]


def test_folders_do_not_wait_for_each_other():
    """A folder in which something is under way holds back its own files only."""
    both = found({"one/1.jpg": WHOLE, "two/1.jpg": WHOLE, "two/2.jpg": COMING}, 30.0)
    assert keys(both) == [("one/1.jpg",)]
    assert both.outlook.is_pending


def test_a_file_cut_short_holds_its_folder_for_its_retry():
    """The folder is held with the broken file, and told; ten minutes later it goes, and says what is missing."""
    steps: dict[str, Step] = {"job/1.jpg": WHOLE, "job/2.jpg": CUT}
    held = found(steps, 599.0)
    assert held.scans == ()
    assert held.outlook.held["job"] == (Hold.PAGES, "its files wait for 2.jpg, which is not finished")
    assert not held.outlook.is_pending
    late = found(steps, 600.0)
    assert keys(late) == [("job/1.jpg",)]
    assert late.scans[0].notes == ("2.jpg could not be taken, and is missing from this mail.",)


def test_a_rejected_file_fails_beside_its_scan():
    """A file that is no scan is taken by itself, at the same time, and the scan names it."""
    both = found({"job/1.jpg": WHOLE, "job/2.exe": REJECTED, "job/3.jpg": WHOLE}, 30.0)
    assert {(scan.keys, bool(scan.rejected)) for scan in both.scans} == {
        (("job/1.jpg", "job/3.jpg"), False),
        (("job/2.exe",), True),
    }
    assert [scan.notes for scan in both.scans if scan.notes] == [
        ("2.exe could not be taken, and is missing from this mail.",)
    ]


def test_an_empty_file_is_left_out():
    """A file of no bytes is waited for as long as a gap, and then named."""
    steps: dict[str, Step] = {"job/1.jpg": WHOLE, "job/2.jpg": Wait(float("inf"))}
    assert found(steps, 19.0).scans == ()
    assert found(steps, 20.0).scans[0].notes == ("2.jpg could not be taken, and is missing from this mail.",)


UPLOAD = Unfinished(Stamp(9, 500, 1, 8), 0.0, 0.0)


def test_an_upload_in_a_folder_holds_it_and_is_then_named():
    """A page under its upload's name is waited for as one cut short; then the scan goes, and says that it lacks."""
    steps: dict[str, Step] = {"job/1.jpg": WHOLE}
    growing = found(steps, 30.0, unfinished={"job/2.jpg.part": replace(UPLOAD, changed_s=25.0)})
    assert (growing.scans, growing.outlook.is_pending, growing.outlook.held) == ((), True, {})
    held = found(steps, 599.0, unfinished={"job/2.jpg.part": UPLOAD})
    assert (held.scans, held.outlook.is_pending, held.outlook.due_s) == ((), False, 600.0)
    assert held.outlook.held["job"] == (Hold.PAGES, "its files wait for 2.jpg.part, which is not finished")
    late = found(steps, 600.0, unfinished={"job/2.jpg.part": UPLOAD, "job/3.jpg.part": UPLOAD})
    assert keys(late) == [("job/1.jpg",)]
    assert late.scans[0].notes == (
        "2.jpg.part and 3.jpg.part were not finished in time, and are missing from this mail.",
    )


def test_what_never_stops_changing_holds_a_folder_for_an_hour():
    """A log that is written all day, or a temporary file, keeps no page in its folder for ever."""
    steps: dict[str, Step] = {"job/1.jpg": WHOLE, "job/app.log": COMING}
    assert (found(steps, 3599.0).scans, found(steps, 3599.0).outlook.is_pending) == ((), True)
    assert found(steps, 3599.0).outlook.due_s <= 3600.0
    assert found(steps, 3600.0).scans[0].notes == ("app.log could not be taken, and is missing from this mail.",)
    changing = {"job/~cache.tmp": replace(UPLOAD, changed_s=3590.0)}
    assert found({"job/1.jpg": WHOLE}, 3599.0, unfinished=changing).scans == ()
    assert keys(found({"job/1.jpg": WHOLE}, 3600.0, unfinished=changing)) == [("job/1.jpg",)]


def test_an_upload_holds_its_own_folder_only():
    """What is under way beside a folder, or in another one, is nothing to it; an empty one holds it for the gap."""
    steps: dict[str, Step] = {"job/1.jpg": WHOLE, "top.jpg": WHOLE}
    others = {"2.jpg.part": UPLOAD, "other/2.jpg.part": UPLOAD}
    assert keys(found(steps, 20.0, unfinished=others)) == [("job/1.jpg",), ("top.jpg",)]
    empty = replace(UPLOAD, stamp=Stamp(9, 0, 1, 0), changed_s=5.0)
    assert keys(found(steps, 24.0, unfinished={"job/2.tmp": empty})) == [("top.jpg",)]
    assert ("job/1.jpg",) in keys(found(steps, 25.0, unfinished={"job/2.tmp": empty}))


def test_a_page_that_cannot_be_looked_at_holds_its_folder_and_is_then_named():
    """A folder of which a part cannot be seen is no whole scan; after ten minutes it goes, and says what lacks."""
    steps: dict[str, Step] = {"job/1.jpg": WHOLE}
    unseen = {"job/2.jpg": replace(UPLOAD, stamp=None)}
    strange = {"job/2.jpg": "it cannot be looked at: the disk cannot read it"}
    held = found(steps, 599.0, unfinished=unseen, strange=strange)
    assert (held.scans, held.outlook.held["job"][0]) == ((), Hold.PAGES)
    (scan,) = found(steps, 600.0, unfinished=unseen, strange=strange).scans
    assert scan.notes == ("2.jpg was not taken: it cannot be looked at: the disk cannot read it.",)


def test_an_upload_that_was_not_listed_once_is_waited_for():
    """In the moment of its renaming a listing may show neither name: a folder does not go for that."""
    gone = {"job/2.jpg.part": replace(UPLOAD, is_gone=True)}
    missed = found({"job/1.jpg": WHOLE}, 700.0, unfinished=gone)
    assert (missed.scans, missed.outlook.is_pending) == ((), True)


def test_a_page_that_cannot_be_looked_at_for_once_keeps_what_its_mail_is_to_say():
    """A scan that was left still names what lacks, although one of its pages was not seen for a look."""
    both = found({"job/1.jpg": WHOLE, "job/2.exe": REJECTED}, 30.0)
    unseen = found({}, 31.0, before=both, unfinished={"job/1.jpg": replace(UPLOAD, stamp=None)})
    (scan,) = found({"job/1.jpg": WHOLE}, 60.0, before=unseen).scans
    assert scan.notes == ("2.exe could not be taken, and is missing from this mail.",)


def test_what_is_strange_is_named_in_the_mail():
    """Case 16: a folder within the folder, or a link, is not taken, and whoever gets the scan learns of it."""
    strange = {"job/deep": "it is a folder within a folder", "other/link": "it is a symbolic link"}
    (scan,) = found({"job/1.jpg": WHOLE}, 30.0, strange=strange).scans
    assert scan.notes == ("deep was not taken: it is a folder within a folder.",)


def test_many_names_are_counted():
    """A mail never fills with names: five are named of what could not be taken, and of what is no file."""
    steps: dict[str, Step] = {"job/0.jpg": WHOLE, **{f"job/{number}.exe": REJECTED for number in range(1, 9)}}
    strange = {f"job/link{number}": "it is a symbolic link" for number in range(1, 7)}
    notes = next(scan.notes for scan in found(steps, 30.0, strange=strange).scans if scan.notes)
    assert len(notes) == 7
    assert notes[5] == "1 more was not taken."
    assert notes[6] == (
        "1.exe, 2.exe, 3.exe, 4.exe, 5.exe and 3 more could not be taken, and are missing from this mail."
    )


def test_a_long_folder_is_cut_and_says_so():
    """More files than a scan may have are several, in order, and each mail says that it is a part."""
    cut = found({f"job/{number}.jpg": WHOLE for number in range(1, 8)}, 30.0, size_bytes=10)
    assert [len(scan.keys) for scan in cut.scans] == [5, 2]
    assert cut.scans[0].notes == ("The scan was cut after 5 files; what came after them is in another mail.",)
    assert cut.scans[1].notes == ("This is the rest of a scan that was cut after 5 files; they are in another mail.",)


def test_the_rest_of_a_long_folder_says_so_later_too():
    """Taking hundreds of files lasts longer than a look: the rest is offered by another look, and still says so."""
    steps: dict[str, Step] = {f"job/{number}.jpg": WHOLE for number in range(1, 8)}
    both = found(steps, 30.0, size_bytes=10)
    (rest,) = found({key: steps[key] for key in both.scans[1].keys}, 36.0, size_bytes=10, before=both).scans
    assert rest.notes == both.scans[1].notes
    (first,) = found({key: steps[key] for key in both.scans[0].keys}, 36.0, size_bytes=10, before=both).scans
    assert first.notes == both.scans[0].notes


def test_a_scan_left_in_its_folder_still_names_what_failed_before_it():
    """A rejected page may be taken, and the others left because the disk is full: their mail still says what lacks."""
    both = found({"job/1.jpg": WHOLE, "job/2.exe": REJECTED}, 30.0)
    waiting = found({"job/1.jpg": COMING}, 31.0, before=both)
    (scan,) = found({"job/1.jpg": WHOLE}, 60.0, before=waiting).scans
    assert scan.notes == ("2.exe could not be taken, and is missing from this mail.",)
    assert found({"job/3.jpg": WHOLE}, 60.0, before=waiting).said == {"job/3.jpg": (1, ())}
    other = found({"job/1.jpg": WHOLE}, 60.0, before=replace(waiting, said={"job/1.jpg": (2, ("Another file.",))}))
    assert other.scans[0].notes == ()


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["", "a/", "b/"]), st.text("0123456789x.", min_size=1, max_size=5)).map("".join),
        st.sampled_from([WHOLE, WHOLE, WHOLE, REJECTED, COMING, CUT, Wait(float("inf"))]),
        max_size=15,
    ),
    st.sampled_from([0.0, 19.0, 21.0, 700.0]),
    st.sampled_from([10, 1500]),
)
def test_no_file_is_in_two_scans_nor_lost(steps: dict[str, Step], now_s: float, size_bytes: int):
    """Whatever lies there, each finished file is in one scan or waits in a folder that is told or pending."""
    grouping = found(steps, now_s, size_bytes)
    taken = [key for scan in grouping.scans for key in scan.keys]
    ready = {key for key, step in steps.items() if isinstance(step, Ready)}
    assert len(set(taken)) == len(taken)
    assert set(taken) <= ready
    assert all(len({key.rpartition("/")[0] for key in scan.keys}) == 1 for scan in grouping.scans)
    for key in ready - set(taken):
        assert key.rpartition("/")[0] in grouping.outlook.held or grouping.outlook.is_pending
    if not any(step == COMING for step in steps.values()) and now_s >= RULE.hold_s:
        assert set(taken) == ready
