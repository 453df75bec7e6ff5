from hotfolder.arrival import Sighting, Stamp
from hotfolder.settle import Rule
from hotfolder.unfinished import Unfinished, observe_unfinished

RULE = Rule(quiet_s=5.0, incomplete_timeout_s=600.0)
KEY, PAGE = "2.jpg.part", "2.jpg"


def sight(inode: int = 1, size_bytes: int = 9, age_s: float = 0.0) -> Sighting:
    """A file as seen."""
    return Sighting(Stamp(inode, size_bytes, 1, 8), 0.0, age_s=age_s)


def met(known: dict[str, Unfinished], now_s: float, sighting: Sighting | None, page: int = 0) -> dict[str, Unfinished]:
    """The upload after a look that saw it, and perhaps a finished file of this inode."""
    sightings = {PAGE: sight(page)} if page else {}
    return observe_unfinished(known, {KEY: sighting}, sightings, now_s, RULE)


def test_an_upload_begins_once_and_changes_as_it_grows():
    """Its beginning is the first look at it, its change the last look that found another stamp."""
    known = met({}, 10.0, sight(size_bytes=1))
    known = met(known, 15.0, sight(size_bytes=2))
    known = met(known, 20.0, sight(size_bytes=2))
    assert known == {KEY: Unfinished(sight(size_bytes=2).stamp, 10.0, 15.0)}
    assert (known[KEY].is_still(34.9, 20.0), known[KEY].is_still(35.0, 20.0)) == (False, True)


def test_a_retry_goes_on_with_what_was_begun():
    """A device that sends a page again under its name, as another file, has begun it long ago; not days ago."""
    known = met({}, 10.0, sight(1))
    assert met(known, 300.0, sight(2))[KEY].begun_s == 10.0
    assert met(known, 3000.0, sight(2))[KEY].begun_s == 3000.0


def test_the_next_page_under_the_same_name_is_another_upload():
    """A device that calls every upload alike begins anew when the page before has its own name."""
    assert met(met({}, 10.0, sight(1)), 14.0, sight(2), page=1)[KEY] == Unfinished(sight(2).stamp, 14.0, 14.0)


def test_what_was_left_behind_is_old_at_once():
    """A file of yesterday is waited for by nobody, also when the service has just begun to look."""
    assert met({}, 10.0, sight(age_s=599.0))[KEY].changed_s == 10.0
    assert met({}, 10.0, sight(age_s=7000.0))[KEY] == Unfinished(sight().stamp, -6990.0, -6990.0)


def test_what_is_missing_once_counts_until_the_next_look():
    """Within its renaming a listing may show neither name; one that has its own name now is no upload any more."""
    known = met({}, 10.0, sight(1))
    (gone,) = (missed := observe_unfinished(known, {}, {}, 15.0, RULE)).values()
    assert (gone.is_gone, gone.is_still(1000.0, 20.0)) == (True, False)
    assert met(missed, 16.0, sight(1)) == known
    assert observe_unfinished(missed, {}, {}, 16.0, RULE) == {}
    assert observe_unfinished(known, {}, {PAGE: sight(1)}, 15.0, RULE) == {}
    assert observe_unfinished({PAGE: Unfinished(None, 1.0, 1.0)}, {}, {PAGE: sight(1)}, 15.0, RULE) == {}


def test_what_cannot_be_looked_at_stays_as_it_was():
    """A fault is no change: the time that is waited for a page does not begin again with each."""
    known = met({}, 10.0, sight(1))
    assert met(known, 50.0, None) == known
    unseen = met({}, 10.0, None)
    assert unseen == {KEY: Unfinished(None, 10.0, 10.0)}
    assert met(unseen, 50.0, None) == unseen
    assert met(unseen, 60.0, sight(1)) == {KEY: Unfinished(sight(1).stamp, 10.0, 10.0)}


def test_an_empty_upload_is_told_from_one_that_cannot_be_seen():
    """Of no bytes is only what was looked at."""
    assert Unfinished(sight(size_bytes=0).stamp, 0.0, 0.0).is_empty
    assert not Unfinished(None, 0.0, 0.0).is_empty
