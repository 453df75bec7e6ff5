"""The maildir upstream."""

from pathlib import Path

import pytest

from gateway.deliver.maildir import deliver
from gateway.spool import durable
from gateway.spool.job import JobId
from tests.gateway.deliver.given import MESSAGE, OFFICE, SENDER, addresses

JOB = JobId("20261123T090257Z-k7q2")


@pytest.fixture
def message(tmp_path: Path) -> Path:
    """A message file."""
    path = tmp_path / "message.eml"
    path.write_bytes(MESSAGE)
    return path


def _files(maildir: Path) -> list[Path]:
    return sorted(path for path in maildir.rglob("*") if path.is_file())


def test_a_mail_stands_in_new_under_its_job(tmp_path: Path, message: Path):
    """The mail is one file in new/ with the envelope on top and then its own bytes; the Maildir is made."""
    box = tmp_path / "deep" / "box"
    path = deliver(box, JOB, SENDER, (OFFICE, *addresses("b@contoso.com")), message)
    assert path.parent == box / "new"
    assert path.name.startswith(JOB)
    assert (
        path.read_bytes()
        == (
            b"Return-Path: <scanner@contoso.com>\r\nDelivered-To: office@contoso.com\r\nDelivered-To: b@contoso.com\r\n"
        )
        + MESSAGE
    )
    assert sorted(one.name for one in box.iterdir()) == ["cur", "new", "tmp"]
    assert _files(box) == [path]


def test_the_same_job_again_writes_none(tmp_path: Path, message: Path):
    """A job asked for twice is there once, also after a reader has moved it to cur/ with its flags."""
    box = tmp_path / "box"
    first = deliver(box, JOB, SENDER, (OFFICE,), message)
    assert deliver(box, JOB, SENDER, (OFFICE,), message) == first
    read = box / "cur" / f"{first.name}:2,S"
    first.rename(read)
    assert deliver(box, JOB, SENDER, (OFFICE,), message) == read
    assert _files(box) == [read]


def test_two_jobs_are_two_mails(tmp_path: Path, message: Path):
    """Jobs whose ids begin alike never take each other's place."""
    box = tmp_path / "box"
    paths = {deliver(box, JobId(one), SENDER, (OFFICE,), message) for one in (JOB, f"{JOB}-n")}
    assert len(_files(box)) == len(paths) == 2


class _CrashError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", range(1, 8))
def test_a_crash_at_any_step_leaves_one_mail_or_none(
    tmp_path: Path, message: Path, monkeypatch: pytest.MonkeyPatch, step: int
):
    """Stopped at any durable step, new/ holds the whole mail or nothing, and the next try ends with exactly one."""
    box = tmp_path / "box"
    steps = 0

    def crash(_step: str) -> None:
        nonlocal steps
        steps += 1
        if steps == step:
            raise _CrashError

    with monkeypatch.context() as patched:
        patched.setattr(durable, "checkpoint", crash)
        try:
            deliver(box, JOB, SENDER, (OFFICE,), message)
        except _CrashError:
            pass
        else:
            assert steps < step
    assert all(path.read_bytes().endswith(MESSAGE) for path in (box / "new").iterdir())
    path = deliver(box, JOB, SENDER, (OFFICE,), message)
    assert _files(box) == [path]
    assert path.read_bytes().endswith(MESSAGE)


def test_a_folder_that_cannot_be_written_is_ours(tmp_path: Path, message: Path):
    """A Maildir that cannot be made is an OSError: nothing is claimed to be delivered."""
    (tmp_path / "box").write_text("a file")
    with pytest.raises(OSError, match="box"):
        deliver(tmp_path / "box", JOB, SENDER, (OFFICE,), message)
