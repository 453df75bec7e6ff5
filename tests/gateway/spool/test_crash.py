import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.spool import files
from gateway.spool.job import OWED, State
from tests.gateway.arrive.doorway import listening, send, talk
from tests.gateway.spool.crashing import FOLDER, IN_FOLDER, MAIL, MAILS, PAGES, SCANS, STEP, TOLD, knowing_repeats
from tests.gateway.spool.given import Box, config, opened

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def base() -> Iterator[Path]:
    """A directory in memory where there is one: a killed process loses nothing that was written, flushed or not."""
    memory = Path("/dev/shm")
    made = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    yield made
    shutil.rmtree(made)


def crash(way: str, base: Path) -> list[Path]:
    """Have a scan taken and killed at each step; return where each of them died, in order."""
    command = [sys.executable, "-m", "tests.gateway.spool.crashing", way, str(base)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr
    return sorted(base.iterdir())


def step_of(work: Path) -> str:
    """Where the process died; empty when it came through."""
    return (work / STEP).read_text(encoding="utf-8") if (work / STEP).exists() else ""


def recovered(work: Path) -> Iterator[Box]:
    """The box after each of two starts: a second one must find nothing to do."""
    for _ in range(2):
        with opened(config(work)) as box:
            box.recover()
            yield box


def assert_tidy(box: Box, died_at: str) -> None:
    """No draft is left, and journal and directories agree on what is owed."""
    assert os.listdir(box.spool.incoming) == [], died_at
    assert files.listing(box.spool.quarantine) == (), died_at
    owed = {job.id for job in box.journal.jobs(OWED)}
    assert owed == set(files.listing(box.spool.jobs)) == {job.id for job in box.journal.jobs(State)}, died_at
    for job_id in owed:
        directory = box.spool.jobs / job_id
        envelope = files.read_envelope(directory)
        assert {files.fault_of(directory, original) for original in envelope.originals} == {""}, died_at


def test_a_mail_killed_at_any_step(base):
    """A mail that was answered 250 is owed after the restart; one that was not is owed once or not at all."""
    works = crash("smtp", base)
    assert {"before write envelope.json", "after write envelope.json", "before journal", "after journal"} <= {
        step_of(work) for work in works
    }
    acknowledged = 0
    for work in works:
        told = (work / TOLD).read_text(encoding="ascii") if (work / TOLD).exists() else None
        acknowledged += told is not None
        for box in recovered(work):
            assert_tidy(box, step_of(work))
            jobs = box.journal.jobs(OWED)
            assert len(jobs) <= 1, step_of(work)
            if told is not None:
                assert [job.id for job in jobs] == [told], step_of(work)
            for job in jobs:
                stored = box.spool.jobs / job.id / "original" / "message.eml"
                assert stored.read_bytes() == MAIL.encode()
    assert acknowledged >= 1


async def test_a_mail_killed_at_any_step_and_sent_again(base):
    """Case 47: killed at any step, the mail that its device sends again is owed, and twice only if it heard no 250."""
    works = crash("repeats", base)
    assert {"before note", "after note"} <= {step_of(work) for work in works}
    doubled = []
    for work in works:
        is_told = (work / TOLD).exists()
        with opened(knowing_repeats(config(work))) as box:
            box.recover()
            before = box.journal.jobs(OWED)
            async with listening(box) as listener:
                reply = await talk(listener, lambda device: send(device, MAIL.encode()))
            after = box.journal.jobs(OWED)
            assert reply.split()[-1].decode() in {job.id for job in after}, step_of(work)
            assert 1 <= len(after) <= (1 if is_told else 2), step_of(work)
            assert_tidy(box, step_of(work))
            if len(after) > len(before) == 1:
                doubled.append(step_of(work))
    assert "before note" in doubled
    assert "after note" not in doubled


def test_mails_committed_together_killed_at_any_step(base):
    """Killed between two of several renames, or anywhere else, each mail is owed whole or not; acknowledged, it is."""
    works = crash("mails", base)
    assert sum("after rename" in step_of(work) for work in works) == MAILS
    acknowledged, counts = 0, set()
    for work in works:
        told = (work / TOLD).read_text(encoding="ascii").split() if (work / TOLD).exists() else None
        acknowledged += told is not None
        for box in recovered(work):
            assert_tidy(box, step_of(work))
            jobs = box.journal.jobs(OWED)
            counts.add(len(jobs))
            if told is not None:
                assert sorted(job.id for job in jobs) == sorted(told), step_of(work)
    assert counts == set(range(MAILS + 1))
    assert acknowledged >= 2  # before the journal, and when it comes through


def assert_each_scan_once(box: Box, died_at: str) -> None:
    """Every file of the scan is in the share or in a job, byte for byte, and never in both."""
    share = box.config.share[0].path
    found = [path.read_bytes() for path in share.iterdir()]
    for job in box.journal.jobs(OWED):
        stored = sorted((box.spool.jobs / job.id / "original").iterdir())
        assert [path.read_bytes() for path in stored] == list(SCANS.values()), died_at
        found += [path.read_bytes() for path in stored]
    assert sorted(found) == sorted(SCANS.values()), died_at
    assert {path.name for path in share.iterdir()} <= set(SCANS), died_at


def test_a_scan_killed_at_any_step(base):
    """A scan from the share is, after the restart, whole in the share or whole in one job."""
    works = crash("share", base)
    assert sum("claim rename" in step_of(work) for work in works) == 2 * len(SCANS)
    taken = 0
    for work in works:
        for box in recovered(work):
            assert_tidy(box, step_of(work))
            assert_each_scan_once(box, step_of(work))
            taken += len(box.journal.jobs(OWED))
    assert 2 <= taken < 2 * len(works)


def test_a_scan_of_many_pages_killed_at_any_step(base):
    """Case 23: pages of one scan are, after the restart, all in their folder or all in one job, in order."""
    works = crash("pages", base)
    assert sum("claim rename" in step_of(work) for work in works) == 2 * len(PAGES)
    taken = 0
    for work in works:
        for box in recovered(work):
            died_at = step_of(work)
            assert_tidy(box, died_at)
            in_share = {path.name: path.read_bytes() for path in (box.config.share[0].path / "job").iterdir()}
            jobs = box.journal.jobs(OWED)
            assert in_share == ({} if jobs else PAGES), died_at
            for job in jobs:
                taken += 1
                envelope = files.read_envelope(box.spool.jobs / job.id)
                assert [original.name for original in envelope.originals] == list(PAGES), died_at
                assert envelope.notes == ("A page is missing.",)
    assert taken >= 2


def test_a_recovery_killed_at_any_step(base):
    """The same holds when the restart is killed too, at any of its steps, and another follows."""
    works = crash("share-twice", base)
    assert sum("os.rmdir" in step_of(work) for work in works) >= 1
    for work in works:
        for box in recovered(work):
            assert_tidy(box, f"{work.name}: {step_of(work)}")
            assert_each_scan_once(box, f"{work.name}: {step_of(work)}")


def test_a_scan_in_a_folder_killed_at_any_step(base):
    """A scan and its sidecar out of a person's folder are, whatever is killed, both in it again or both in one job."""
    works = crash("folder-twice", base)
    assert any("mkdir" in step_of(work) and FOLDER in step_of(work) for work in works)
    taken = 0
    for work in works:
        died_at = f"{work.name}: {step_of(work)}"
        for box in recovered(work):
            assert_tidy(box, died_at)
            share = box.config.share[0].path
            left = {str(path.relative_to(share)): path.read_bytes() for path in share.rglob("*") if path.is_file()}
            jobs = box.journal.jobs(OWED)
            taken += len(jobs)
            if not jobs:
                assert left == {f"{FOLDER}/{name}": data for name, data in IN_FOLDER.items()}, died_at
                continue
            assert left == {}, died_at
            envelope = files.read_envelope(box.spool.jobs / jobs[0].id)
            assert [str(one.address) for one in jobs[0].recipients] == [FOLDER]
            assert envelope.subject == "Invoice"
            assert [(one.name, one.folder, one.is_sidecar) for one in envelope.originals] == [
                ("one.pdf", FOLDER, False),
                ("one.txt", FOLDER, True),
            ]
    assert taken >= 2
