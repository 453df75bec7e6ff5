from tests.hotfolder.feeding import Fed, Feeding, doc, fed, names


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
