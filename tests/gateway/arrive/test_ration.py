"""A share may write so many lines into the log, and again when some time has passed."""

from gateway.arrive.ration import Ration


def test_lines_come_back_with_time():
    """So many are taken, the last one can be told, more are refused, and after the time it begins anew."""
    times = iter([0.0, 1.0, 2.0, 9.9, 10.0, 11.0])
    ration = Ration(2, 10.0, lambda: next(times))
    assert [ration.take() for _ in range(6)] == [2, 1, 0, -1, 2, 1]
