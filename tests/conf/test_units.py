import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf import units


@pytest.mark.parametrize(
    ("written", "duration_s"),
    [
        ("500ms", 0.5),
        ("1s", 1.0),
        ("1.5 s", 1.5),
        (" 10m ", 600.0),
        ("10 min", 600.0),
        ("2h", 7200.0),
        ("5d", 432000.0),
    ],
)
def test_a_duration_is_read_in_its_unit(written, duration_s):
    """A duration is what its number and unit say, spaces or not."""
    assert units.seconds(written) == duration_s


@pytest.mark.parametrize(
    ("written", "amount_bytes"),
    [("1 B", 1), ("25 MB", 25_000_000), ("64MiB", 67_108_864), ("1.5 kB", 1500), ("0.3 kB", 300), ("2 GiB", 2**31)],
)
def test_a_size_is_read_in_its_unit(written, amount_bytes):
    """A size is exact, decimal or binary as its unit says, fractions included."""
    assert units.size_bytes(written) == amount_bytes


@pytest.mark.parametrize("written", [5, 5.0, True, None, "", "5", "s", "-5s", "5 weeks", "1e3s", "5S", "٣s", ["5s"]])
def test_what_has_no_known_unit_is_no_duration(written):
    """A bare number, an unknown unit or another type is refused, for nobody knows what it means."""
    with pytest.raises(ValueError, match=r'^must be a duration with its unit, such as "30s", "10m", "2h" or "5d"$'):
        units.seconds(written)


@pytest.mark.parametrize("written", [25, "25", "25 mb", "25 Mb", "25 MBit", "25  bytes", "1_000 B"])
def test_what_has_no_known_unit_is_no_size(written):
    """A bare number or a unit that might mean bits is refused."""
    with pytest.raises(ValueError, match=r'^must be a size with its unit, such as "25 MB" or "64 MiB"$'):
        units.size_bytes(written)


@given(st.integers(0, 10**10))
def test_a_written_duration_reads_back(duration_ms):
    """A duration in milliseconds survives being written and read."""
    assert units.seconds(units.written_seconds(duration_ms / 1000)) == duration_ms / 1000


@given(st.integers(0, 10**12 - 1))
def test_a_written_size_reads_back(amount_bytes):
    """A size survives being written and read."""
    assert units.size_bytes(units.written_bytes(amount_bytes)) == amount_bytes


@given(st.text() | st.from_regex(r"\A\d{1,30}(\.\d{1,30})? ?[A-Za-z]{1,4}\Z"))
def test_any_text_is_a_quantity_or_refused(written):
    """Any text gives a number that is not negative, or the one error a validator may raise."""
    for reader in (units.seconds, units.size_bytes):
        try:
            quantity = reader(written)
        except ValueError:
            continue
        assert quantity >= 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (units.written_seconds(0.1), "100ms"),
        (units.written_seconds(90), "90s"),
        (units.written_seconds(432000), "5d"),
        (units.written_seconds(0), "0ms"),
        (units.written_bytes(25_000_000), "25 MB"),
        (units.written_bytes(157_286_400), "150 MiB"),
        (units.written_bytes(10_000), "10 kB"),
        (units.written_bytes(1), "1 B"),
    ],
)
def test_a_quantity_is_written_in_the_largest_whole_unit(text, expected):
    """People read limits in the unit they would write them in."""
    assert text == expected
