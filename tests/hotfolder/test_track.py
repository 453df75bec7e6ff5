import pytest

from hotfolder.arrival import Hold, Sighting, Stamp
from hotfolder.settle import AskLease, Ready, Rule, Step, Wait
from hotfolder.track import NOTHING, OFFERS, Track, backoff_s, observe, offer, outlook

RULE = Rule(quiet_s=5.0, incomplete_timeout_s=600.0)


def see(seen_s: float, **inodes: int) -> dict[str, Sighting]:
    """A listing at seen_s: names and inodes."""
    return {name: Sighting(Stamp(inode, 9, 1, 8), seen_s) for name, inode in inodes.items()}


def sum_up(track: Track, steps: dict[str, Step], strange: dict[str, str] | None = None):
    """The outlook at 100 s."""
    return outlook(track, steps, strange or {}, 100.0)


def test_what_is_gone_is_forgotten():
    """A file that is not listed any more leaves nothing behind that a file of the same name would inherit."""
    track = observe(NOTHING, see(0.0, a=1, b=2), {}, RULE)
    track = observe(track, see(9.0, b=2), {}, RULE)
    assert set(track.histories) == {"b"}
    assert observe(track, see(10.0, a=1, b=2), {}, RULE).histories["a"].changed_s == 10.0


def test_an_event_restarts_the_quiet_window_of_its_file_alone():
    """An event moves the last change of the file it names, and of no other."""
    track = observe(observe(NOTHING, see(0.0, a=1, b=2), {}, RULE), see(4.0, a=1, b=2), {"a": 3.0, "x": 3.5}, RULE)
    assert (track.histories["a"].changed_s, track.histories["b"].changed_s) == (3.0, 0.0)


def test_a_file_that_was_taken_is_not_remembered():
    """The next file of a name that was taken, another inode, is a new file without any back-off."""
    track = offer(observe(NOTHING, see(0.0, a=1), {}, RULE), ("a",))
    track = observe(track, see(7.0, a=2), {}, RULE)
    assert track.histories["a"].not_before_s < 0
    assert not track.left


def test_a_file_that_is_left_comes_back_later_each_time():
    """A file that nobody can take does not become a tight loop."""
    track, pauses = NOTHING, []
    for round_s in (0.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0):
        track = observe(track, see(round_s, a=1), {}, RULE)
        pauses.append(track.histories["a"].not_before_s - round_s)
        track = offer(observe(track, see(round_s + 500, a=1), {}, RULE), ("a",))
    assert pauses[1:] == [5.0, 10.0, 20.0, 40.0, 60.0]


@pytest.mark.parametrize(("times", "pause_s"), [(1, 5.0), (2, 10.0), (4, 40.0), (5, 60.0), (1000, 60.0)])
def test_the_back_off_doubles_up_to_a_minute(times: int, pause_s: float):
    """However often a file was left, it is offered again within a minute and a quiet window."""
    assert backoff_s(times, RULE) == pause_s


def test_the_oldest_is_ready_first():
    """Finished files come in the order in which they were last written, then by name."""
    stamps = {"b": 5, "a": 5, "c": 1}
    sightings = {name: Sighting(Stamp(1, 9, mtime_ns, 8), 0.0) for name, mtime_ns in stamps.items()}
    summed = sum_up(observe(NOTHING, sightings, {}, RULE), {name: Ready() for name in stamps})
    assert [name for name, _ in summed.ready] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("step", "is_pending", "due_s"),
    [
        (Wait(104.0), True, 104.0),
        (AskLease(), True, 100.0),
        (Wait(float("inf")), False, float("inf")),
        (Wait(700.0, Hold.INCOMPLETE, "cut"), False, 700.0),
    ],
)
def test_only_what_is_on_its_way_is_pending(step: Step, is_pending: bool, due_s: float):  # noqa: FBT001  a table
    """An empty or held file does not keep a run from ending; one on its way, or not yet tested, does."""
    summed = sum_up(observe(NOTHING, see(0.0, a=1), {}, RULE), {"a": step})
    assert (summed.is_pending, summed.due_s) == (is_pending, due_s)


def test_what_is_held_says_why():
    """Incomplete, strange and unwanted files each stand in the outlook with their reason."""
    track = Track(observe(NOTHING, see(0.0, a=1, b=2), {}, RULE).histories, {}, {"b": (2, OFFERS)})
    summed = sum_up(track, {"a": Wait(700.0, Hold.INCOMPLETE, "cut"), "b": Wait(160.0)}, {"c": "it is a link"})
    assert summed.held == {
        "a": (Hold.INCOMPLETE, "cut"),
        "b": (Hold.LEFT, "it was offered 3 times and could not be taken"),
        "c": (Hold.STRANGE, "it is a link"),
    }
    assert not summed.is_pending
