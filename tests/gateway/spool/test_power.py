from hashlib import sha256
from pathlib import Path

import pytest

from gateway.spool import durable, files
from gateway.spool.envelope import Envelope, Origin, Original, OriginKind
from gateway.spool.job import State
from gateway.spool.traffic import Traffic
from tests.gateway.spool.given import NOW, NOW_S, Box, config, envelope, opened
from tests.peers.disk import Disk

MAIL = b"Subject: scan\r\n\r\n"
BY_MAIL = Origin(OriginKind.SMTP, "scanners", "127.0.0.1")


def mail_of(box: Box) -> Envelope:
    """Take a mail as the listener does: commit it, then enter it."""
    draft = files.begin(box.spool, NOW)
    durable.write_file(draft.originals / "message.eml", [MAIL])
    original = Original("message.eml", "message.eml", len(MAIL), sha256(MAIL).hexdigest())
    taken = envelope(draft.id, origin=BY_MAIL, originals=(original,))
    files.commit(box.spool, draft, taken)
    box.journal.admit_all([taken], NOW_S)
    box.spool.in_hand.discard(draft.id)
    return taken


@pytest.mark.parametrize("is_entered", [False, True], ids=["before the row", "after the row"])
def test_a_mail_survives_with_or_without_its_row(tmp_path: Path, is_entered, monkeypatch):
    """Power that goes behind the 250, before or after the row was written, leaves the mail accepted and whole."""
    (tmp_path / "after").mkdir()
    with Disk(tmp_path, 64 << 20) as disk, opened(config(disk.path)) as box:
        with monkeypatch.context() as patch:
            if not is_entered:
                patch.setattr(box.journal, "admit_all", lambda *_: None)
            taken = mail_of(box)
        image = disk.cut_power(tmp_path / "after.image")
    with Disk(tmp_path / "after", image=image) as after, opened(config(after.path)) as again:
        again.recover()
        assert again.state_of(taken.id) is State.ACCEPTED
        assert files.fault_of(again.spool.jobs / taken.id, taken.originals[0]) == ""


def test_rows_of_mails_are_on_disk_with_the_next_step_of_any_job(tmp_path: Path):
    """What follows a row never stands on disk without it: the first step that is flushed takes all rows with it."""
    (tmp_path / "after").mkdir()
    with Disk(tmp_path, 64 << 20) as disk, opened(config(disk.path)) as box:
        first, second = mail_of(box), mail_of(box)
        box.journal.move(first.id, State.READY, NOW_S)
        image = disk.cut_power(tmp_path / "after.image")
    with Disk(tmp_path / "after", image=image) as after, opened(config(after.path)) as again:
        assert (again.state_of(first.id), again.state_of(second.id)) == (State.READY, State.ACCEPTED)


def test_a_count_is_on_disk_before_any_final_dot(tmp_path: Path):
    """A message that stands as being sent is counted, though its count waited for no flush of its own."""
    (tmp_path / "after").mkdir()
    with Disk(tmp_path, 64 << 20) as disk, opened(config(disk.path)) as box:
        taken = mail_of(box)
        box.journal.make_ready(taken.id, NOW_S, 1, len(MAIL))
        Traffic(box.database).count_transfer("client-auth", NOW_S, 3)
        box.journal.move(taken.id, State.SENDING, NOW_S)
        image = disk.cut_power(tmp_path / "after.image")
    with Disk(tmp_path / "after", image=image) as after, opened(config(after.path)) as again:
        assert again.state_of(taken.id) is State.SENDING
        assert Traffic(again.database).transfers("client-auth", 0.0) == [(NOW_S, 3)]
