from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hotfolder.numbering import numbered
from hotfolder.pages import PageRule
from tests.hotfolder.feeding import PAGES, RULE, Fed, Feeding, doc, names

SMALL = PageRule(gap_s=20.0, hold_s=60.0, pages=5, size_bytes=8000)
SLACK_S = 12.0
"""Quiet window, confirmation and looks; and the half minute after which a file of no scan type is given up."""


@st.composite
def feedings(draw: st.DrawFn) -> list[Fed]:
    """Several devices, each with scans of several pages, some of them slow, empty, cut short, missing or no scans."""
    files: list[Fed] = []
    for stem in draw(st.lists(st.sampled_from(["Doc_", "Fax_", "scan"]), min_size=1, max_size=3, unique=True)):
        at_s = draw(st.floats(0.0, 30.0))
        number = draw(st.sampled_from([1, 7, 9997]))
        for _ in range(draw(st.integers(1, 12))):
            kind = draw(st.sampled_from([True, True, True, True, True, False, None]))
            size_bytes = draw(st.sampled_from([1000, 1000, 1000, 5000, 0]))
            upload = draw(st.sampled_from(["", "", f".{doc(number, stem)}.part", f"{stem}{number:04d}.tmp"]))
            files.append(Fed(doc(number, stem), at_s, draw(st.floats(0.1, 40.0)), kind, size_bytes, upload=upload))
            at_s = max(0.0, at_s + draw(st.floats(-15.0, 45.0)))
            number = 1 + (number + draw(st.sampled_from([0, 0, 0, 0, 1, 3]))) % 9999
    # One file of a name: what writes over another is another's test.
    return list({fed.name: fed for fed in files}.values())


@given(feedings(), st.sampled_from([PAGES, SMALL]), st.sampled_from([1.0, 2.5, 7.0]), st.floats(-1.0, 200.0))
@settings(max_examples=100, deadline=None)
def test_every_file_ends_up_in_one_scan(files: list[Fed], rule: PageRule, look_s: float, starts_s: float):
    """Whatever devices do, each file that is not empty is in exactly one scan, with its like, in order, and in time."""
    feeding = Feeding(files, rule, starts_s=starts_s).run(until_s=5000.0, look_s=look_s)
    taken = [name for scan in feeding.scans for name in scan]
    assert sorted(taken) == sorted(fed.name for fed in files if fed.size_bytes)
    for _, scan in feeding.taken:
        numbers = [found for name in scan.keys if (found := numbered(name)) is not None]
        assert len({number.series for number in numbers}) == 1
        assert all(one.is_next(two) or one.is_wrapped(two) for one, two in pairwise(numbers))
        assert len(scan.keys) == 1 or not scan.rejected
        assert len(scan.keys) <= rule.pages
        assert len(scan.keys) == 1 or sum(fed.size_bytes for fed in files if fed.name in scan.keys) <= rule.size_bytes
    assert_in_time(feeding, files, rule, look_s)


def assert_in_time(feeding: Feeding, files: list[Fed], rule: PageRule, look_s: float) -> None:
    """Hold that each scan went within a bounded time after the last thing that happened in the folder before it."""
    for at_s, scan in feeding.taken:
        if scan.rejected:
            continue
        last_s = max(fed.end_s for fed in files if fed.name in scan.keys)
        begun = [fed for fed in files if fed.at_s < at_s]
        busy_s = max([last_s, *(fed.end_s for fed in begun if fed.end_s <= at_s), feeding.starts_s])
        assert at_s <= max(busy_s, last_s) + rule.gap_s + max(rule.hold_s, RULE.incomplete_timeout_s) + SLACK_S + look_s


@given(st.integers(1, 40), st.floats(0.0, 14.0), st.sampled_from([1, 42, 9990]), st.floats(0.1, 9.0))
@settings(max_examples=40, deadline=None)
@example(100, 14.0, 1, 1.0)
def test_a_feeder_that_keeps_its_pace_gives_one_scan(pages: int, gap_s: float, first: int, takes_s: float):
    """However long a scan is, and wherever its counter stands, its pages are one scan in their order, with no note."""
    numbers = [1 + (first - 1 + page) % 9999 for page in range(pages)]
    files = [Fed(doc(number), place * gap_s, takes_s) for place, number in enumerate(numbers)]
    feeding = Feeding(files).run()
    assert feeding.scans == [names(numbers)]
    assert feeding.notes == [()]
    assert feeding.taken[0][0] <= files[-1].end_s + PAGES.gap_s + SLACK_S


@given(st.permutations(range(1, 9)), st.floats(0.0, 2.0))
@settings(max_examples=80, deadline=None)
def test_any_order_within_the_gap_is_put_right(order: list[int], gap_s: float):
    """Case 23: eight pages in any order, all within the gap, are one scan in page order."""
    files = [Fed(doc(number), place * gap_s) for place, number in enumerate(order)]
    feeding = Feeding(files).run()
    assert feeding.scans == [names(sorted(order))]
    assert feeding.notes == [()]


@given(
    st.lists(st.tuples(st.integers(1, 6), st.floats(26.0, 300.0)), min_size=1, max_size=6),
    st.sampled_from(["", "{}.part"]),
)
@settings(max_examples=80, deadline=None)
def test_scans_further_apart_than_the_gap_never_join(scans: list[tuple[int, float]], form: str):
    """People who scan one after the other, with more than the gap between, get their own pages and no others.

    So they do when the device gives its pages their names only once they are whole.
    """
    files: list[Fed] = []
    expected: list[tuple[str, ...]] = []
    at_s, number = 0.0, 1
    for pages, pause_s in scans:
        numbers = range(number, number + pages)
        mine = [Fed(doc(page), at_s + 2.0 * (page - number), upload=form.format(doc(page))) for page in numbers]
        expected.append(tuple(fed.name for fed in mine))
        files += mine
        at_s, number = mine[-1].end_s + pause_s, number + pages
    assert Feeding(files).run().scans == expected
    assert Feeding(files, starts_s=at_s).run().scans == expected
    assert sorted(Feeding(files, not_before_s=at_s + 100.0).run().scans) == sorted(expected)


@given(
    st.lists(st.tuples(st.integers(1, 7), st.floats(0.6, 4.0), st.floats(0.5, 60.0)), min_size=2, max_size=4),
    st.sampled_from([0.25, 0.5]),
    st.sets(st.integers(0, 27), max_size=3),
)
@settings(max_examples=150, deadline=None)
def test_a_device_that_begins_again_at_one_never_mixes_scans(
    scans: list[tuple[int, float, float]], look_s: float, missing: set[int]
):
    """However soon the next scan writes over the names of the last, no page of one is ever with a page of another.

    Later pages may be missing; without its first page a scan cannot be told from pages out of order.
    """
    files: list[Fed] = []
    at_s = 0.0
    for mark, (pages, every_s, pause_s) in enumerate(scans):
        for page in range(pages):
            files.append(Fed(doc(1 + page), at_s, takes_s=0.5, size_bytes=1000 + mark))
            at_s += every_s
        at_s += pause_s
    files = [fed for place, fed in enumerate(files) if fed.name == doc(1) or place not in missing]
    feeding = Feeding(files).run(look_s=look_s)
    assert [len({fed.size_bytes for fed in scan}) for scan in feeding.files_taken] == [1] * len(feeding.files_taken)
