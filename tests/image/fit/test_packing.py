"""Pages spread over files of a limited size."""

from itertools import accumulate, combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from image.fit.packing import Group, Key, Weights, packed

SCANS = st.builds(
    lambda fixed, sizes, used: Weights(
        fixed,
        [frozenset((key, 0) for key in keys) for keys in used],
        {(key, 0): size for key, size in enumerate(sizes)},
    ),
    st.integers(0, 20),
    st.lists(st.integers(1, 50), min_size=6, max_size=6),
    st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=9),
)
LIMITS = st.integers(0, 250)


def _sizes(weights: Weights, counts: tuple[int, ...]) -> list[int]:
    borders = list(accumulate(counts, initial=0))
    files = [weights.used[first:end] for first, end in pairwise(borders)]
    return [weights.fixed_bytes + sum(weights.sizes[key] for key in frozenset[Key]().union(*pages)) for pages in files]


@given(SCANS, LIMITS)
def test_every_page_is_in_one_file_and_files_are_within_the_limit(weights: Weights, limit: int):
    """None is lost, none is cut or twice there; only a page that alone is too large stands in a file too large."""
    counts = packed(weights, limit)
    assert sum(counts) == len(weights.used)
    assert all(counts)
    assert all(size <= limit or count == 1 for size, count in zip(_sizes(weights, counts), counts, strict=True))


@given(SCANS, LIMITS)
def test_no_spreading_needs_fewer_files(weights: Weights, limit: int):
    """Every way to part the pages in fewer places has a file above the limit."""
    counts = packed(weights, limit)
    pages = len(weights.used)
    if max(_sizes(weights, counts)) > limit:
        return
    for cuts in combinations(range(1, pages), max(0, len(counts) - 2)):
        borders = [0, *cuts, pages]
        fewer = tuple(end - first for first, end in pairwise(borders))
        assert len(fewer) >= len(counts) or max(_sizes(weights, fewer)) > limit


def test_what_pages_share_counts_once_in_each_file():
    """A letterhead on every page does not fill the mail by being counted for each."""
    weights = Weights(
        10,
        [frozenset({(1, 0), (page, 0)}) for page in range(2, 6)],
        {(1, 0): 100, **{(page, 0): 20 for page in range(2, 6)}},
    )
    assert weights.alone(0) == 130
    assert packed(weights, 170) == (3, 1)
    assert packed(weights, 190) == (4,)


def test_a_group_holds_what_it_names_or_everything():
    """Without names the file holds all there is."""
    assert Group(5).holds((3, 0))
    assert Group(5, frozenset({(3, 0)})).holds((3, 0))
    assert not Group(5, frozenset({(3, 0)})).holds((4, 0))
