import math
from dataclasses import replace

import pytest

from hotfolder.arrival import Hold
from hotfolder.settle import EMPTY, AskLease, Ready, Wait, first_seen, lease_tested, seen, settle
from hotfolder.verdict import Writing
from tests.hotfolder.test_settle import RULE, sighting


@pytest.mark.parametrize("now_s", [0.0, 6.0, 240.0, 599.0])
def test_an_empty_file_is_nothing_yet(now_s: float):
    """A probe of zero bytes is neither offered nor told of while its device may still fill it (case 8)."""
    assert settle(first_seen(sighting(0.0, size_bytes=0)), now_s, RULE) == Wait(math.inf)


def test_an_empty_file_is_told_and_then_given_up():
    """After the time for a retry it is told as empty; after a day it is offered, rejected, if nobody has it open."""
    history = seen(first_seen(sighting(0.0, size_bytes=0)), sighting(700.0, size_bytes=0), RULE)
    told = Wait(math.inf, Hold.EMPTY, "nothing was written into it")
    assert settle(history, 700.0, RULE) == told
    assert settle(history, 86_399.0, RULE) == told
    assert settle(history, 86_400.0, RULE) == AskLease()
    assert settle(lease_tested(history, Writing.NO, 86_400.0), 86_400.5, RULE) == Ready(rejected=EMPTY)


@pytest.mark.parametrize("writing", [Writing.YES, Writing.UNKNOWN])
def test_an_empty_file_that_may_be_open_stays(writing: Writing):
    """While somebody has it open, or nobody can tell, it is never taken, and asked about again."""
    history = seen(first_seen(sighting(0.0, size_bytes=0)), sighting(90_000.0, size_bytes=0), RULE)
    history = lease_tested(history, writing, 90_000.0)
    assert settle(history, 90_001.0, RULE) == Wait(math.inf, Hold.EMPTY, "nothing was written into it")
    assert settle(history, 90_002.0, RULE) == AskLease()


def test_an_empty_file_that_is_filled_begins_anew():
    """Filled minutes later it is a file like any other, whatever was thought of it before (case 8)."""
    history = seen(first_seen(sighting(0.0, size_bytes=0)), sighting(700.0, size_bytes=0), RULE)
    assert seen(history, sighting(701.0, size_bytes=9), RULE) == first_seen(sighting(701.0, size_bytes=9))


def test_an_empty_file_from_before_the_start_keeps_its_age():
    """What lay there a day before the service started is given up after the time for a retry, not a day later."""
    old = replace(sighting(0.0, size_bytes=0), age_s=90_000.0)
    history = seen(first_seen(old), sighting(700.0, size_bytes=0), RULE)
    assert settle(first_seen(old), 599.0, RULE) == Wait(math.inf)
    assert settle(history, 700.0, RULE) == AskLease()
    young = replace(old, age_s=80_000.0)
    history = seen(first_seen(young), sighting(6399.0, size_bytes=0), RULE)
    assert settle(history, 6399.0, RULE) == Wait(math.inf, Hold.EMPTY, "nothing was written into it")
    assert settle(history, 6400.0, RULE) == AskLease()
