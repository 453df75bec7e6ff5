from dataclasses import replace

import pytest

from hotfolder.arrival import Sighting, Stamp
from hotfolder.pages import UNSEEN, follow
from hotfolder.settle import first_seen
from hotfolder.track import Outlook
from tests.hotfolder.feeding import PAGES, Fed, Feeding, doc, fed, names


def test_scans_from_before_the_start_are_told_apart_by_their_times():
    """What was scanned hours apart while the service was down is not one scan, though its numbers go on."""
    alice = [Fed(doc(number), 100.0 + number) for number in (1, 2, 3)]
    bob = [Fed(doc(number), 4000.0 + number) for number in (4, 5)]
    feeding = Feeding([*alice, *bob], starts_s=9000.0).run()
    assert feeding.scans == [names([1, 2, 3]), names([4, 5])]
    assert feeding.notes == [(), ()]


def test_a_restart_amid_a_scan_does_not_divide_it():
    """Pages from before the start and after it are one scan when their times say so."""
    assert Feeding(fed(list(range(1, 11)), 5.0), starts_s=22.0).run().scans == [names(list(range(1, 11)))]


def test_files_from_before_the_start_with_times_out_of_order_stay_apart():
    """Pages of which nobody saw the beginning are put together in the order of their times only."""
    assert len(Feeding(fed([2, 1], 3.0), starts_s=1000.0).run().scans) == 2


def test_times_set_by_the_device_decide_nothing_while_it_is_watched():
    """Case 25: pages that were seen to come are one scan, whatever years their device gives them."""
    files = [Fed(doc(number), 3.0 * number, mtime_s=1e9 * (number % 3)) for number in range(1, 7)]
    assert Feeding(files, starts_s=-1.0).run().scans == [names([1, 2, 3, 4, 5, 6])]


def test_what_cannot_be_taken_is_offered_as_the_same_scan_again():
    """A scan that was left, as by a full disk, comes whole again; a later scan does not join it."""
    again = Feeding([*fed([1, 2, 3]), *fed([4, 5], at_s=300.0)])
    again.not_before_s = 400.0
    assert sorted(again.run().scans) == [names([1, 2, 3]), names([4, 5])]


@pytest.mark.parametrize("mtime_s", [315_532_800.0, 4_070_908_800.0])
def test_times_that_a_device_sets_join_no_scans_from_before_the_start(mtime_s: float):
    """Case 25: a device may give all its files one time; then the folder's own tells scans apart."""
    alice = [Fed(doc(number), 100.0 + number, mtime_s=mtime_s) for number in (1, 2, 3)]
    bob = [Fed(doc(number), 4000.0 + number, mtime_s=mtime_s) for number in (4, 5)]
    assert Feeding([*alice, *bob], starts_s=9000.0).run().scans == [names([1, 2, 3]), names([4, 5])]
    # Bob's device began again at 1, and what is left of Alice's scan has the numbers behind.
    left = [Fed(doc(number), 100.0 + number, mtime_s=mtime_s) for number in (3, 4)]
    again = [Fed(doc(number), 4000.0 + number, mtime_s=mtime_s) for number in (1, 2)]
    assert sorted(Feeding([*left, *again], starts_s=9000.0).run().scans) == [names([1, 2]), names([3, 4])]


@pytest.mark.parametrize("given_back", [(1, 2), (3, 4)])
def test_pages_whose_two_times_disagree_are_two_scans(given_back: tuple[int, ...]):
    """What was given back is changed by that, and then nobody can tell: two mails, never a page too many."""
    pages = [Fed(doc(number), 3.0 * number) for number in (1, 2, 3, 4)]
    moved = [replace(fed, ctime_s=5000.0 + number) for number, fed in enumerate(pages) if number + 1 in given_back]
    rest = [fed for number, fed in enumerate(pages, 1) if number not in given_back]
    feeding = Feeding([*moved, *rest], starts_s=9000.0).run()
    assert sorted(feeding.scans) == [names([1, 2]), names([3, 4])]


def test_pages_given_back_together_are_one_scan_again():
    """A claim of all pages that was cut short gives them back in page order, one after the other."""
    pages = [Fed(doc(number), 3.0 * number, ctime_s=5000.0 + number / 100) for number in (1, 2, 3)]
    assert Feeding(pages, starts_s=9000.0).run().scans == [names([1, 2, 3])]


def test_a_page_keeps_the_time_it_was_first_seen_with():
    """A scan that is taken in part and given back while the service runs stays one scan: the change was ours."""
    seen_s = (0.0, 30.0)
    histories = [{doc(1): first_seen(Sighting(Stamp(1, 9, 1, 8), at_s, int(at_s) + 7))} for at_s in seen_s]
    known = UNSEEN
    for at_s, history in zip(seen_s, histories, strict=True):
        known = follow(known, history, {}, Outlook((), {}, False, at_s), at_s, PAGES)
    assert known.pages[doc(1)].arrived_ns == 7
