import pytest

from hotfolder.arrival import Hold
from hotfolder.pages import PageRule
from tests.hotfolder.feeding import PAGES, Fed, Feeding, doc, fed, names


def test_without_batching_each_file_is_a_scan():
    """Off by default: numbered files are scans of their own."""
    assert Feeding(fed([1, 2, 3]), rule=None).run().scans == [names([1]), names([2]), names([3])]


@pytest.mark.parametrize("gap_s", [0.0, 3.0, 15.0])
def test_numbered_pages_are_one_scan(gap_s: float):
    """Case 23: Doc_0001 to Doc_0100, up to 15 s apart, are one scan in page order, 20 s after the last one."""
    feeding = Feeding(fed(list(range(1, 101)), gap_s)).run()
    assert feeding.scans == [names(list(range(1, 101)))]
    assert feeding.notes == [()]
    assert 99 * gap_s + 21 <= feeding.taken[0][0] <= 99 * gap_s + 23


def test_files_without_a_number_do_not_wait():
    """A file that bears no page number is a scan at once, as without batching."""
    feeding = Feeding([Fed("letter.pdf", 0.0), Fed("Doc_0001.tif", 0.0)]).run()
    assert [(at_s < 10, scan.keys) for at_s, scan in feeding.taken] == [
        (True, ("letter.pdf",)),
        (False, ("Doc_0001.tif",)),
    ]


def test_a_pause_longer_than_the_gap_ends_the_scan():
    """Pages that come after the gap are another scan, though their numbers go on; nothing is said to be missing."""
    feeding = Feeding([*fed([1, 2]), *fed([3, 4], at_s=30.0), *fed([6], at_s=90.0)]).run()
    assert feeding.scans == [names([1, 2]), names([3, 4]), names([6])]
    assert feeding.notes == [(), (), ()]


def test_a_page_that_is_being_written_holds_the_scan_back():
    """The gap does not run out while the next page is being written, however slow; it counts from its end."""
    feeding = Feeding([Fed(doc(1), 0.0), Fed(doc(2), 10.0, takes_s=120.0), Fed(doc(3), 145.0)]).run()
    assert feeding.scans == [names([1, 2, 3])]


def test_a_missing_page_is_told_and_divides_the_scan():
    """Case 23: without Doc_0007 the pages before and after it are two mails, and both say which one is missing."""
    feeding = Feeding(fed([1, 2, 3, 4, 5, 6, 8, 9])).run()
    assert feeding.scans == [names([1, 2, 3, 4, 5, 6]), names([8, 9])]
    assert feeding.notes == [
        (
            (
                "Page 7 (Doc_0007.tif) seems to be missing after the last page of this mail; "
                "the pages that follow are in another mail."
            ),
        ),
        (
            (
                "Page 7 (Doc_0007.tif) seems to be missing before the first page of this mail; "
                "the pages before it are in another mail."
            ),
        ),
    ]


def test_several_missing_pages_are_told_together():
    """Every number that lacks is named; a jump of a hundred and more is another way of counting, and is not told."""
    assert (
        Feeding(fed([1, 5]))
        .run()
        .notes[0][0]
        .startswith("Pages 2 to 4 (Doc_0002.tif to Doc_0004.tif) seem to be missing after the last page")
    )
    assert Feeding(fed([1, 102])).run().notes == [(), ()]


@pytest.mark.parametrize(
    "arriving",
    [[2, 1, 3, 4], [1, 3, 2, 4], [1, 4, 3, 2], [3, 2, 1, 4], [1, 2, 4, 3], [4, 3, 2, 1]],
)
@pytest.mark.parametrize("gap_s", [2.0, 9.0])
def test_pages_out_of_order_are_put_in_order(arriving: list[int], gap_s: float):
    """Case 23: pages that arrive out of order are one scan in page order, and nothing is said to be missing."""
    feeding = Feeding(fed(arriving, gap_s)).run()
    assert feeding.scans == [names([1, 2, 3, 4])]
    assert feeding.notes == [()]


def test_a_late_page_is_waited_for_as_long_as_a_gap():
    """Case 23: with 15 s between pages, one that comes after its successor still finds its place."""
    assert Feeding(fed([1, 3, 2, 4, 5], gap_s=15.0)).run().scans == [names([1, 2, 3, 4, 5])]


def test_pages_written_at_the_same_time_are_one_scan():
    """A device that writes several pages at once, each at its own pace, is one scan."""
    files = [Fed(doc(number), number * 0.2, takes_s=60.0 / number) for number in range(1, 6)]
    assert Feeding(files).run().scans == [names([1, 2, 3, 4, 5])]


def test_two_devices_are_told_apart_by_their_stems():
    """Case 23: two devices that write at the same time under their own stems give two scans, each with its pages."""
    feeding = Feeding([*fed([1, 2, 3], 4.0), *fed([1, 2, 3], 4.0, at_s=2.0, stem="Fax_")]).run()
    assert feeding.scans == [names([1, 2, 3]), names([1, 2, 3], "Fax_")]
    assert feeding.notes == [(), ()]


def test_another_extension_is_another_scan():
    """Pages of one scan have one type: Doc_0002.pdf does not follow Doc_0001.tif."""
    feeding = Feeding([Fed("Doc_0001.tif", 0.0), Fed("Doc_0002.pdf", 3.0), Fed("Doc_0003.pdf", 6.0)]).run()
    assert sorted(feeding.scans) == [("Doc_0001.tif",), ("Doc_0002.pdf", "Doc_0003.pdf")]


def test_folders_count_by_themselves():
    """Pages in one person's folder never continue those in another's, nor those at the top level."""
    files = [Fed(f"{folder}{doc(number)}", 3.0 * number) for number, folder in enumerate(["", "alice/", "bob/"], 1)]
    assert len(Feeding(files).run().scans) == 3


def test_a_counter_goes_on_after_all_nines():
    """Case 23: 9998, 9999, 0001, 0002 is one scan in this order."""
    feeding = Feeding(fed([9998, 9999, 1, 2])).run()
    assert feeding.scans == [names([9998, 9999, 1, 2])]
    assert feeding.notes == [()]


@pytest.mark.parametrize("arriving", [[1, 2, 9998, 9999], [9998, 1, 2]])
def test_only_the_last_number_wraps(arriving: list[int]):
    """Low numbers that came before 9999, or without it, are no continuation of it."""
    assert len(Feeding(fed(arriving)).run().scans) == 2


def test_a_jump_back_is_another_scan():
    """Lower numbers that come after higher ones, and do not reach them, begin another scan; nothing is missing."""
    feeding = Feeding(fed([8, 9, 10, 1, 2])).run()
    assert sorted(feeding.scans) == [names([1, 2]), names([8, 9, 10])]
    assert feeding.notes == [(), ()]


def test_a_scan_does_not_wait_for_the_lower_numbers_of_the_next_one():
    """A device that begins again at 1 while the last scan waits does not reach its pages: they have gone by then."""
    feeding = Feeding([*fed([8, 9, 10]), *fed(list(range(1, 8)), gap_s=8.0, at_s=15.0)]).run()
    assert feeding.scans == [names([8, 9, 10]), names([1, 2, 3, 4, 5, 6, 7])]


def test_a_repeated_number_ends_the_scan():
    """When a page that was finished is written over, the others go at once, say so, and never join the new scan."""
    feeding = Feeding([*fed([1, 2, 3], gap_s=1.0), *fed([1, 2], gap_s=8.0, at_s=15.0)]).run()
    assert feeding.scans == [names([2, 3]), names([1, 2])]
    assert feeding.taken[0][0] <= 16.0
    assert feeding.notes == [
        (
            (
                "Page 1 (Doc_0001.tif) was replaced by another scan before it could be taken, "
                "and is missing before the first page of this mail."
            ),
        ),
        (),
    ]


def test_a_reused_name_never_joins_the_rest_of_the_scan_before():
    """Numbers that begin again while the rest of a scan waits do not grow into it, even when they reach it."""
    feeding = Feeding([*fed([1, 2, 3, 5, 6], gap_s=1.0), *fed([1, 2, 3, 4], gap_s=2.0, at_s=12.0)]).run(look_s=0.5)
    assert names([5, 6]) in feeding.scans
    assert not [scan for scan in feeding.scans if {doc(4), doc(5)} <= set(scan)]


def test_a_page_cut_short_is_waited_for_and_then_told():
    """A page whose upload broke off holds the scan for its retry; without one it fails alone, and the mail says so."""
    files = [*fed([1, 2]), Fed(doc(3), 6.0, is_whole=False)]
    feeding = Feeding(files).run()
    assert [(at_s > 590, scan.keys) for at_s, scan in feeding.taken] == [(True, names([1, 2])), (True, names([3]))]
    assert [bool(scan.rejected) for _, scan in feeding.taken] == [False, True]
    assert feeding.notes[0] == (
        "Page 3 (Doc_0003.tif) could not be taken, and is missing after the last page of this mail.",
    )
    assert feeding.held[doc(1)] == (Hold.PAGES, "its scan waits for Doc_0003.tif, which is not finished")


def test_a_retry_of_a_page_cut_short_completes_the_scan():
    """The panel sends the broken page again under its name, minutes later: one scan, and nothing to be said."""
    feeding = Feeding([*fed([1, 2]), Fed(doc(3), 6.0, is_whole=False), Fed(doc(3), 200.0)]).run()
    assert feeding.scans == [names([1, 2, 3])]
    assert feeding.notes == [()]


def test_a_rejected_file_amid_pages_fails_alone():
    """A file that is no scan goes by itself; the pages around it are delivered, and say that one is missing."""
    feeding = Feeding([*fed([1, 2]), Fed(doc(3), 6.0, is_whole=None), *fed([4, 5], at_s=9.0)]).run()
    assert sorted((scan.keys, bool(scan.rejected)) for _, scan in feeding.taken) == [
        (names([1, 2]), False),
        (names([3]), True),
        (names([4, 5]), False),
    ]
    said = {scan.keys: scan.notes for _, scan in feeding.taken}
    assert "Page 3 (Doc_0003.tif) could not be taken, and is missing after" in said[names([1, 2])][0]
    assert "Page 3 (Doc_0003.tif) could not be taken, and is missing before" in said[names([4, 5])][0]


def test_a_file_cut_short_of_another_scan_holds_nobody_up():
    """A broken file of minutes ago does not hold the scan that goes on behind its number."""
    feeding = Feeding([*fed([1, 2]), Fed(doc(3), 6.0, is_whole=False), *fed([4, 5], at_s=300.0)]).run()
    assert feeding.taken[0][1].keys == names([4, 5])
    assert feeding.taken[0][0] < 330
    assert feeding.notes[0] == ()


@pytest.mark.parametrize("at_s", [-3600.0, 6.0])
def test_an_empty_file_is_waited_for_as_long_as_a_gap(at_s: float):
    """A page of no bytes holds a scan no longer than a gap; one that has lain there before is nothing to it."""
    feeding = Feeding([*fed([1, 2]), Fed(doc(3), at_s, size_bytes=0)], starts_s=min(0.0, at_s)).run(100.0)
    assert feeding.scans == [names([1, 2])]
    assert feeding.taken[0][0] <= 30.0
    assert [len(notes) for notes in feeding.notes] == [1 if at_s > 0 else 0]


def test_a_page_that_never_ends_is_given_up():
    """A page that is still being written after ten minutes is waited for no longer, and comes by itself."""
    feeding = Feeding([*fed([1, 2]), Fed(doc(3), 6.0, takes_s=2000.0)]).run()
    assert [scan.keys for _, scan in feeding.taken] == [names([1, 2]), names([3])]
    assert 600 <= feeding.taken[0][0] <= 610
    assert "could not be taken" in feeding.notes[0][0]


@pytest.mark.parametrize(
    ("rule", "sizes"),
    [(PageRule(20.0, pages=4), [4, 4, 2]), (PageRule(20.0, size_bytes=3500), [3, 3, 3, 1])],
)
def test_a_scan_too_long_is_cut_and_says_so(rule: PageRule, sizes: list[int]):
    """At the most pages or bytes the scan goes without waiting, and the mails say that it was cut."""
    feeding = Feeding(fed(list(range(1, 11))), rule=rule).run()
    assert [len(scan) for scan in feeding.scans] == sizes
    assert [name for scan in feeding.scans for name in scan] == list(names(list(range(1, 11))))
    assert feeding.notes[0] == (f"The scan was cut after {sizes[0]} files; what came after them is in another mail.",)
    assert feeding.taken[0][0] < 25


def test_one_file_larger_than_a_scan_may_be_is_a_scan():
    """The limit of bytes never keeps a single file from being taken."""
    rule = PageRule(20.0, size_bytes=10)
    assert Feeding(fed([1, 2]), rule=rule).run().scans == [names([1]), names([2])]


def test_pages_that_wait_keep_a_single_run_going():
    """Pages within their gap are on their way; pages behind a broken one are held, and told."""
    waiting = Feeding(fed([1, 2])).run(15.0)
    assert waiting.is_pending
    broken = Feeding([*fed([1, 2]), Fed(doc(3), 6.0, is_whole=False)]).run(60.0)
    assert not broken.is_pending
    assert set(broken.held) == {doc(1), doc(3)}


def test_the_rule_is_that_of_the_specification():
    """The limits are 500 files, ten minutes for a page that does not end, and a size that fits a small box."""
    assert (PAGES.pages, PAGES.hold_s, PAGES.size_bytes) == (500, 600.0, 500_000_000)
