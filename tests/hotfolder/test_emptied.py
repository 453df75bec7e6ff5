import pytest

from hotfolder.emptied import NEVER_FILLED_S, TAKEN_S, Empties, emptied


def play(*looks: tuple[float, dict[str, int], set[str]]) -> list[tuple[str, ...]]:
    """What is due at each look."""
    known, due = Empties(), []
    for now_s, folders, keys in looks:
        known, now_due = emptied(known, folders, keys, now_s)
        due.append(now_due)
    return due


@pytest.mark.parametrize(("after_s", "expected"), [(NEVER_FILLED_S - 1, ()), (NEVER_FILLED_S, ("job",))])
def test_an_empty_folder_is_due_after_an_hour(after_s: float, expected: tuple[str, ...]):
    """Case 16: a folder in which nothing ever was may still get its first file for an hour."""
    assert play((0.0, {"job": 1}, set()), (after_s, {"job": 1}, set()))[-1] == expected


@pytest.mark.parametrize(("after_s", "expected"), [(TAKEN_S - 1, ()), (TAKEN_S, ("job",))])
def test_a_folder_whose_files_are_gone_is_due_sooner(after_s: float, expected: tuple[str, ...]):
    """A device may write a late page into the folder of its scan for ten minutes."""
    looks = play((0.0, {"job": 1}, {"job/1.pdf"}), (5.0, {"job": 1}, set()), (5.0 + after_s, {"job": 1}, set()))
    assert looks[-1] == expected


def test_a_file_begins_the_time_anew():
    """A folder that holds something, be it no scan, is not due; its time begins when it is empty again."""
    looks = play(
        (0.0, {"job": 1}, set()),
        (NEVER_FILLED_S, {"job": 1}, {"job/link"}),
        (NEVER_FILLED_S + 1, {"job": 1}, set()),
        (NEVER_FILLED_S + TAKEN_S, {"job": 1}, set()),
    )
    assert looks == [(), (), (), ()]


def test_another_folder_of_the_name_begins_anew():
    """A folder that was removed and made again is a new one, though no look saw it missing."""
    assert play((0.0, {"job": 1}, set()), (NEVER_FILLED_S, {"job": 2}, set()))[-1] == ()


def test_what_cannot_be_removed_is_named_again_as_late():
    """A folder that holds only what is hidden is not asked for at every look."""
    looks = [(at_s, {"job": 1}, set[str]()) for at_s in (0.0, NEVER_FILLED_S, NEVER_FILLED_S + 10, 2 * NEVER_FILLED_S)]
    assert play(*looks) == [(), ("job",), (), ("job",)]


def test_files_at_the_top_are_no_folder():
    """What lies at the top level says nothing of the folders."""
    assert play((0.0, {}, {"scan.pdf"}), (NEVER_FILLED_S, {}, {"scan.pdf"})) == [(), ()]
