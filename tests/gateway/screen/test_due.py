import pytest

from gateway.screen.due import Pace, Shown, is_due

PACE = Pace(look_s=10.0, least_s=60.0, longest_s=600.0)
SHOWN = Shown("text", 1000.0, is_whole=True)
BROKEN = Shown("text", 1000.0, is_whole=False)


@pytest.mark.parametrize(
    ("shown", "body", "now_s", "due"),
    [
        (None, "text", 0.0, True),
        (SHOWN, "text", 1059.0, False),
        (SHOWN, "text", 1599.0, False),
        (SHOWN, "text", 1600.0, True),
        (SHOWN, "other", 1000.0, False),
        (SHOWN, "other", 1059.9, False),
        (SHOWN, "other", 1060.0, True),
        (SHOWN, "other", 9999.0, True),
        (BROKEN, "text", 1059.9, False),
        (BROKEN, "text", 1060.0, True),
    ],
)
def test_when_it_is_written(shown: Shown | None, body: str, now_s: float, *, due: bool):
    """At once at first; then at a change or after a loss, at most once a minute; at the latest after ten."""
    assert is_due(shown, body, now_s, PACE) is due
