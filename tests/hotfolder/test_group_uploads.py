import pytest

from hotfolder.arrival import Hold
from tests.hotfolder.feeding import PAGES, Fed, Feeding, doc, fed, names

PARTS = [".{}.part", "{}.PART", "~{}", ".{}", ".{}.Xq3f9a"]


def part(number: int, at_s: float, takes_s: float, form: str = "{}.part", *, is_renamed: bool = True) -> Fed:
    """A page that bears its upload's name until it is whole."""
    return Fed(doc(number), at_s, takes_s, upload=form.format(doc(number)), is_renamed=is_renamed)


@pytest.mark.parametrize("form", PARTS)
def test_a_scan_waits_for_a_page_under_its_uploads_name(form: str):
    """A page that takes longer than the gap, and bears another name meanwhile, is a page like any other."""
    feeding = Feeding([Fed(doc(1), 0.0), part(2, 4.0, 90.0, form), Fed(doc(3), 100.0)]).run()
    assert (feeding.scans, feeding.notes) == ([names([1, 2, 3])], [()])


def test_an_upload_between_pages_joins_them():
    """Pages before and behind an upload wait for it, and are one scan with it."""
    feeding = Feeding([*fed([1, 2]), part(3, 5.0, 60.0), *fed([4, 5], at_s=8.0)]).run()
    assert (feeding.scans, feeding.notes) == ([names([1, 2, 3, 4, 5])], [()])


def test_an_upload_whose_extension_is_not_known_is_waited_for():
    """A page that is called Doc_0002.tmp until it is whole belongs to the pages of its stem, whatever their type."""
    slow = Fed(doc(2), 4.0, 90.0, upload="Doc_0002.tmp")
    assert Feeding([Fed(doc(1), 0.0), slow]).run().scans == [names([1, 2])]


def test_all_pages_may_come_by_uploads():
    """A device that gives each page its name when it is whole, slowly, makes one scan, however long it gets."""
    files = [part(number, 40.0 * number, 38.0) for number in range(1, 31)]
    assert Feeding(files).run().scans == [names(list(range(1, 31)))]


def test_an_upload_that_never_ends_is_told_given_up_and_named():
    """As a page that is cut short: held with its pages, which go after ten minutes and say what is missing."""
    feeding = Feeding([*fed([1, 2]), part(3, 6.0, 2.0, is_renamed=False)]).run(700.0)
    assert feeding.scans == [names([1, 2])]
    assert 600 <= feeding.taken[0][0] <= 610
    assert feeding.notes == [("Doc_0003.tif.part was not finished in time, and is missing from this mail.",)]
    assert feeding.held[doc(1)] == (Hold.PAGES, "its scan waits for Doc_0003.tif.part, which is not finished")
    waiting = Feeding([*fed([1, 2]), part(3, 6.0, 2.0, is_renamed=False)]).run(100.0)
    assert not waiting.is_pending


def test_an_upload_that_goes_on_for_ever_is_given_up_too():
    """Ten minutes bound the wait also while it grows; when it is whole at last it is a scan of its own."""
    feeding = Feeding([Fed(doc(1), 0.0), part(2, 4.0, 2000.0)]).run()
    assert feeding.scans == [names([1]), names([2])]
    assert 600 <= feeding.taken[0][0] <= 610
    assert "Doc_0002.tif.part was not finished in time" in feeding.notes[0][0]


def test_an_empty_upload_is_waited_for_as_long_as_a_gap():
    """An upload of no bytes promises little."""
    empty = Fed(doc(3), 6.0, size_bytes=0, upload="Doc_0003.tif.part", is_renamed=False)
    feeding = Feeding([*fed([1, 2]), empty]).run(100.0)
    assert feeding.scans == [names([1, 2])]
    assert feeding.taken[0][0] <= 32


@pytest.mark.parametrize("other", ["Fax_0003.tif.part", "Doc_0003.pdf.part", "alice/Doc_0003.tif.part", "x.tmp"])
def test_an_upload_of_another_series_holds_nobody_up(other: str):
    """Another stem, type or folder, or a name that says nothing, is no reason to wait."""
    feeding = Feeding([*fed([1, 2]), Fed("z", 5.0, 300.0, upload=other, is_renamed=False)]).run(100.0)
    assert feeding.scans == [names([1, 2])]
    assert feeding.taken[0][0] <= 26
    assert feeding.notes == [()]


@pytest.mark.parametrize("at_s", [-5000.0, -100.0, 40.0])
def test_an_upload_of_another_time_holds_nobody_up(at_s: float):
    """What was left behind before the scan, or begins later than the gap, is none of its pages."""
    feeding = Feeding([*fed([1, 2]), part(3, at_s, 2.0, is_renamed=False)], starts_s=min(at_s, 0.0)).run(100.0)
    assert feeding.scans == [names([1, 2])]
    assert feeding.taken[0][0] <= 26
    assert feeding.notes == [()]


def test_an_upload_that_takes_a_pages_place_holds_nobody_up():
    """The next scan of a device that begins again at 1 is no reason to keep the pages that it will write over."""
    feeding = Feeding([*fed([1, 2, 3]), part(1, 12.0, 60.0)]).run()
    assert feeding.scans == [names([1, 2, 3]), names([1])]
    assert feeding.taken[0][0] <= 32


def test_the_next_scan_by_uploads_is_another_scan():
    """People who scan one after the other, with more than the gap between, get their own pages and no others."""
    alice = [part(1, 0.0, 3.0), part(2, 4.0, 3.0)]
    bob = [part(3, 28.0, 30.0), part(4, 60.0, 3.0)]
    assert Feeding([*alice, *bob]).run().scans == [names([1, 2]), names([3, 4])]
    assert sorted(Feeding([*alice, *bob], not_before_s=300.0).run().scans) == [names([1, 2]), names([3, 4])]


def test_a_page_that_cannot_be_looked_at_holds_its_scan():
    """A look that misses a page is no look at a whole scan: the others wait for it, and are one scan with it."""
    unseen = Fed(doc(2), 3.0, unseen_s=(12.0, 120.0))
    feeding = Feeding([Fed(doc(1), 0.0), unseen, Fed(doc(3), 6.0)]).run()
    assert (feeding.scans, feeding.notes) == ([names([1, 2, 3])], [()])
    assert feeding.held[doc(1)] == (Hold.PAGES, "its scan waits for Doc_0002.tif, which is not finished")
    from_the_first = Feeding([Fed(doc(1), 0.0), Fed(doc(2), 3.0, unseen_s=(0.0, 120.0)), Fed(doc(3), 6.0)]).run()
    assert (from_the_first.scans, from_the_first.notes) == ([names([1, 2, 3])], [()])
    at_the_start = Feeding([Fed(doc(1), 0.0), unseen, Fed(doc(3), 6.0)], starts_s=30.0).run()
    assert (at_the_start.scans, at_the_start.notes) == ([names([1, 2, 3])], [()])


def test_a_page_that_stays_unseen_is_given_up_and_named():
    """After ten minutes the pages around it go, and say that it is missing; it waits to be seen again."""
    unseen = Fed(doc(2), 3.0, unseen_s=(12.0, 5000.0))
    feeding = Feeding([Fed(doc(1), 0.0), unseen, Fed(doc(3), 6.0)]).run(1000.0)
    assert feeding.scans == [names([1]), names([3])]
    assert 600 <= feeding.taken[0][0] <= 630
    assert all("Page 2 (Doc_0002.tif) could not be taken, and is missing" in notes[0] for notes in feeding.notes)
    assert PAGES.hold_s == 600.0
