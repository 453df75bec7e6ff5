import signal
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.deliver.pacing import DAY_S, Limits, Window
from gateway.spool.database import Database
from gateway.spool.traffic import Adaption, Pause, Traffic
from tests.gateway.spool.given import NOW_S

HOUR_S = 3600.0
ADAPTION = Adaption(0.5, NOW_S, 1800.0, NOW_S - 5, 60.0)
ROOT = Path(__file__).resolve().parents[3]
PAUSE = Pause(NOW_S + 60, 3, "535 5.7.3 no", "Check the password.", NOW_S - 900, "configuration")


def test_counts_and_pauses_survive_a_restart(tmp_path: Path):
    """A restart resets neither what was counted against a limit nor that an upstream rests."""
    first = Database(tmp_path / "journal.db")
    Traffic(first).count_transfer("submission", NOW_S, 3)
    Traffic(first).pause("submission", PAUSE)
    Traffic(first).adapt("submission", ADAPTION)
    first.close()
    second = Database(tmp_path / "journal.db")
    assert Traffic(second).transfers("submission", 0.0) == [(NOW_S, 3)]
    assert Traffic(second).pauses() == {"submission": PAUSE}
    assert Traffic(second).adaption("submission") == ADAPTION
    assert Traffic(second).adaption("other") == Adaption()
    second.close()


def test_a_pause_ends_once(box):
    """The end of a pause is told once; a later pause replaces an earlier one."""
    traffic = Traffic(box.database)
    assert not traffic.resume("submission")
    traffic.pause("submission", Pause(NOW_S, 1, "421 later", ""))
    traffic.pause("submission", PAUSE)
    assert traffic.pauses() == {"submission": PAUSE}
    assert traffic.resume("submission")
    assert not traffic.resume("submission")
    assert traffic.pauses() == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 80), st.integers(1, 500)), max_size=8), st.floats(0, 24))
def test_a_day_is_never_forgotten(box, counted, since_h):
    """Of each upstream, everything counted in the last 24 hours is returned, oldest first, and nothing of another."""
    traffic = Traffic(box.database)
    with box.database.transaction() as db:
        db.execute("DELETE FROM transfer")
    in_order = sorted(counted, key=lambda item: item[1])
    for upstream, at_h, recipients in in_order:
        traffic.count_transfer(upstream, at_h * HOUR_S, recipients)
    now_h = in_order[-1][1] if in_order else 0.0
    since = (now_h - since_h) * HOUR_S
    for upstream in "ab":
        expected = [(at_h * HOUR_S, count) for name, at_h, count in in_order if name == upstream]
        assert traffic.transfers(upstream, since) == [item for item in expected if item[0] >= since]


def test_a_start_sets_right_what_a_clock_gone_wrong_has_counted(box):
    """Counts of the future are of now, counts too old to matter are gone, of upstreams no longer configured too."""
    traffic = Traffic(box.database)
    for upstream, at in (("gone", NOW_S - 26 * HOUR_S), ("a", NOW_S - HOUR_S), ("b", NOW_S + 1e7)):
        traffic.count_transfer(upstream, at, 2)
    traffic.begin(NOW_S)
    assert [traffic.transfers(name, 0.0) for name in ("gone", "a", "b")] == [
        [],
        [(NOW_S - HOUR_S, 2)],
        [(NOW_S, 2)],
    ]


_COUNT_AND_DIE = """
import os, pathlib, signal, sys
from gateway.spool.database import Database
from gateway.spool.traffic import Traffic
traffic = Traffic(Database(pathlib.Path(sys.argv[1])))
for number in range(3):
    traffic.count_transfer("submission", float(sys.argv[2]) + number, 2)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_row_19_a_kill_forgets_no_message(tmp_path: Path):
    """Row 19: what was counted stands in the journal after kill -9, so the day's limit holds across it."""
    path = tmp_path / "journal.db"
    died = subprocess.run([sys.executable, "-c", _COUNT_AND_DIE, str(path), str(NOW_S)], cwd=ROOT, check=False)
    assert died.returncode == -signal.SIGKILL
    database = Database(path)
    window = Window(Traffic(database).transfers("submission", NOW_S - DAY_S))
    database.close()
    assert window.wait_s(NOW_S + 10, Limits(99, per_day=7), 2) == DAY_S - 10
    assert window.wait_s(NOW_S + DAY_S, Limits(99, per_day=7), 2) == 0


def test_since_when_and_what_kind_is_kept(box):
    """A pause keeps when the upstream was last well and what kind of fault it is, until it works."""
    traffic = Traffic(box.database)
    pause = Pause(NOW_S, 2, "535 no", "", NOW_S - 900, "configuration")
    traffic.pause("submission", pause)
    assert traffic.pauses() == {"submission": pause}
    traffic.resume("submission")
    traffic.pause("submission", PAUSE)
    assert traffic.pauses() == {"submission": PAUSE}
