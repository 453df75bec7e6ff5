import time
from pathlib import Path

import pytest

from hotfolder import survey
from hotfolder.arrival import Hold
from hotfolder.settle import Ready
from hotfolder.survey import take_survey
from hotfolder.track import NOTHING, Track
from hotfolder.verdict import Whole
from tests.hotfolder.samples import pdf
from tests.hotfolder.watching import RULE, Clock


def looks(folder: Path, clock: Clock, count: int, track: Track = NOTHING) -> survey.Survey:
    """Look several times, each a quiet window after the one before."""
    for _ in range(count - 1):
        track = take_survey(folder, track, {}, RULE, clock).track
        clock.ahead_s += RULE.quiet_s
    return take_survey(folder, track, {}, RULE, clock)


def test_a_finished_file_is_ready_at_the_third_look(tmp_path: Path):
    """Seen, quiet, confirmed: then both tests are made in the same look."""
    (tmp_path / "scan.pdf").write_bytes(pdf())
    assert not looks(tmp_path, Clock(), 2).outlook.ready
    third = looks(tmp_path, Clock(), 3)
    assert third.outlook.ready == (("scan.pdf", Ready()),)
    assert third.track.histories["scan.pdf"].structure == Whole()


def test_a_file_that_changes_between_its_tests_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What is no more the listed file when its ends are read is neither ready nor an error."""
    (tmp_path / "scan.pdf").write_bytes(pdf())
    monkeypatch.setattr("hotfolder.survey.ask_structure", lambda _path, _stamp, _folder: None)
    found = looks(tmp_path, Clock(), 3)
    assert found.outlook.ready == ()
    assert found.outlook.is_pending


def test_tests_are_rationed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """When the tests of one look are used up, the other files are due at once and lose nothing."""
    monkeypatch.setattr(survey, "_TESTS", 4)
    for number in range(3):
        (tmp_path / f"{number}.pdf").write_bytes(pdf())
    found = looks(tmp_path, Clock(), 3)
    assert len(found.outlook.ready) == 2
    assert found.outlook.is_pending
    assert found.outlook.due_s <= time.monotonic() + 10


def test_files_that_are_never_finished_use_up_no_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """However many broken files lie there, and however few tests a look may make, a whole one comes to its turn."""
    monkeypatch.setattr(survey, "_TESTS", 4)
    for number in range(20):
        (tmp_path / f"broken{number}.pdf").write_bytes(pdf()[:-20])
    known = looks(tmp_path, Clock(), 14)
    assert len(known.outlook.held) == 20
    (tmp_path / "whole.pdf").write_bytes(pdf())
    assert [key for key, _ in looks(tmp_path, Clock(), 3, known.track).outlook.ready] == ["whole.pdf"]


def test_a_broken_file_is_not_asked_about_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Who writes it matters only when it could be taken: until then its stamp tells all there is to know."""
    (tmp_path / "broken.pdf").write_bytes(pdf()[:-20])
    clock = Clock()
    known = looks(tmp_path, clock, 4).track
    asked: list[Path] = []
    monkeypatch.setattr(survey, "ask_lease", lambda path, _folder: asked.append(path))
    for _ in range(5):
        clock.ahead_s += 3 * RULE.busy_s
        found = take_survey(tmp_path, known, {}, RULE, clock)
        known = found.track
    assert (asked, found.outlook.held["broken.pdf"][0]) == ([], Hold.INCOMPLETE)


def test_an_unreadable_folder_forgets_nothing(tmp_path: Path):
    """What cannot be listed was not deleted: the files' histories outlast the trouble."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "scan.pdf").write_bytes(pdf())
    known = looks(tmp_path / "in", Clock(), 2).track
    found = take_survey(tmp_path / "gone", known, {}, RULE, Clock())
    assert found.unreadable == "No such file or directory"
    assert found.track == known


def test_a_link_is_held(tmp_path: Path):
    """A link under a scan's name is named in the outlook."""
    (tmp_path / "scan.pdf").symlink_to("/etc/passwd")
    assert looks(tmp_path, Clock(), 1).outlook.held["scan.pdf"][0] is Hold.STRANGE
