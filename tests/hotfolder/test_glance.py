"""A huge share is listed seldom, and yet nothing that comes into it is overlooked."""

import errno
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hotfolder import glance, listing, survey
from hotfolder.glance import Glance
from hotfolder.settle import Ready
from hotfolder.survey import Survey, take_survey
from hotfolder.track import NOTHING
from tests.hotfolder.samples import pdf
from tests.hotfolder.watching import RULE, Clock


class Eye:
    """A share that is looked at again and again, and how often it was listed as a whole."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.clock, self.glance, self.track = folder, Clock(), Glance(), NOTHING
        self.listings = 0
        real = listing.list_folder

        def counted(*arguments: object, **options: object) -> listing.Listing:
            self.listings += 1
            return real(*arguments, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(survey, "list_folder", counted)
        monkeypatch.setattr(glance, "HUGE_S", 0.0)

    def look(self, *events: str) -> Survey:
        """Look once, a quiet window after the look before."""
        at = dict.fromkeys(events, self.clock())
        found = take_survey(self.folder, self.track, at, RULE, self.clock, is_bounded=True, glance=self.glance)
        self.track = found.track
        self.clock.ahead_s += RULE.quiet_s
        return found


def _aged(folder: Path) -> None:
    """Make the last change of a folder one that another change can be told from."""
    os.utime(folder, (1, folder.stat().st_mtime - 10))


@pytest.fixture
def eye(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Eye:
    """A share with 1500 empty files and a link, seen once."""
    for number in range(1500):
        (tmp_path / f"junk{number:04d}").touch()
    (tmp_path / "link").symlink_to("/etc/passwd")
    _aged(tmp_path)
    here = Eye(tmp_path, monkeypatch)
    here.look()
    return here


def test_what_does_not_change_is_listed_once(eye: Eye):
    """While the folder stays as it is the files that are known are looked at alone; of the rest the number is known."""
    for _ in range(5):
        found = eye.look()
        assert (len(found.track.histories), found.more) == (1000, 500)
        assert set(found.outlook.held) == {"link"}
    assert eye.listings == 1


def test_a_whole_scan_among_them_is_taken(eye: Eye):
    """A file that comes changes its folder: it is listed at the next look, and taken as in any other share."""
    eye.look()
    (eye.folder / "scan.pdf").write_bytes(pdf())
    for _ in range(4):
        found = eye.look()
    assert found.outlook.ready == (("scan.pdf", Ready()),)
    (eye.folder / "scan.pdf").unlink()
    assert "scan.pdf" not in eye.look().track.histories


@pytest.mark.parametrize("is_told", [True, False])
def test_an_empty_file_that_is_filled_is_taken(eye: Eye, monkeypatch: pytest.MonkeyPatch, is_told: bool):  # noqa: FBT001
    """One that was only counted is known as soon as it is written: by its event, or by the next full listing."""
    counted = next(f"junk{number:04d}" for number in range(1500) if f"junk{number:04d}" not in eye.track.histories)
    (eye.folder / counted).write_bytes(pdf())
    if not is_told:
        monkeypatch.setattr(glance, "LEAST_S", 0.0)
        monkeypatch.setattr(glance, "_SHARE", 0)
    eye.look(*[counted] if is_told else [])
    for _ in range(3):
        found = eye.look()
    assert found.outlook.ready == ((counted, Ready()),)


def test_a_scan_renamed_onto_a_counted_file_is_taken(eye: Eye, tmp_path_factory: pytest.TempPathFactory):
    """A name that was there before changes its folder all the same when another file takes it: no event is needed."""
    counted = next(f"junk{number:04d}" for number in range(1500) if f"junk{number:04d}" not in eye.track.histories)
    other = tmp_path_factory.mktemp("other") / "scan.pdf"
    other.write_bytes(pdf())
    other.rename(eye.folder / counted)
    for _ in range(4):
        found = eye.look()
    assert found.outlook.ready == ((counted, Ready()),)


def test_one_that_is_filled_among_the_known_is_taken(eye: Eye):
    """A known empty file is looked at each time."""
    known = min(eye.track.histories)
    (eye.folder / known).write_bytes(pdf())
    for _ in range(3):
        found = eye.look()
    assert found.outlook.ready == ((known, Ready()),)
    assert eye.listings == 1


def test_when_some_go_others_become_known(eye: Eye):
    """The known ones stay known, so that their time goes on; in the place of those that have gone come others."""
    before = dict(eye.track.histories)
    gone = sorted(before)[:100]
    for name in gone:
        (eye.folder / name).unlink()
    eye.look()
    _aged(eye.folder)  # another change, and so another listing
    found = eye.look()
    assert (len(found.track.histories), found.more) == (1000, 400)
    assert before.keys() - set(gone) <= found.track.histories.keys()
    assert all(found.track.histories[name].changed_s == before[name].changed_s for name in before.keys() - set(gone))


def test_a_strange_file_that_becomes_a_scan_is_strange_no_more(eye: Eye, tmp_path_factory: pytest.TempPathFactory):
    """One whose other name went, in another folder, is taken when an event tells of it, and is not held any more."""
    other = tmp_path_factory.mktemp("other") / "scan.pdf"
    other.write_bytes(pdf())
    os.link(other, eye.folder / "scan.pdf")
    _aged(eye.folder)
    assert "scan.pdf" in eye.look().outlook.held
    other.unlink()
    eye.look("scan.pdf")
    for _ in range(3):
        found = eye.look()
    assert found.outlook.ready == (("scan.pdf", Ready()),)
    assert set(found.outlook.held) == {"link"}
    assert eye.listings == 2


def test_a_disk_at_fault_is_no_fault_of_each_file(eye: Eye, monkeypatch: pytest.MonkeyPatch):
    """When none of the known files can be looked at the share cannot be read: what is known of them stays."""
    before = dict(eye.track.histories)
    real = os.stat

    def failing(path: Any, **how: Any) -> os.stat_result:
        if path in before:
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return real(path, **how)

    monkeypatch.setattr("hotfolder.listing.os.stat", failing)
    found = eye.look()
    assert found.unreadable == "the disk cannot read or write it; check the card or disk"
    assert (found.track.histories, eye.listings) == (before, 1)


def test_a_listing_that_took_long_is_not_relied_upon_for_long(eye: Eye, monkeypatch: pytest.MonkeyPatch):
    """One that met with a busy disk puts the next off for a minute, not for twenty times what it took."""
    full = eye.glance._full
    assert full is not None
    eye.glance._full = replace(full, took_s=60.0)
    eye.look()
    assert eye.listings == 1
    eye.glance._full = replace(full, took_s=60.0, at_s=full.at_s - 60.0)
    eye.look()
    assert eye.listings == 2


def test_a_folder_just_changed_is_listed_again(eye: Eye, tmp_path: Path):
    """A change within the tick of the file system's clock leaves no other time: such a listing is not relied upon."""
    os.utime(tmp_path, ns=(time.time_ns(), time.time_ns() + 10**12))
    eye.look()
    eye.look()
    assert eye.listings == 3


def test_a_share_of_pages_knows_every_file(tmp_path: Path):
    """Where an empty file may be a page or a sidecar, none is left out."""
    for number in range(1100):
        (tmp_path / f"page{number:04d}").touch()
    assert len(take_survey(tmp_path, NOTHING, {}, RULE, Clock()).track.histories) == 1100
