"""Mails that come in pieces, and a process that dies at each step of joining them.

``python -m tests.gateway.normalise.pieces WAY ROOT`` works in ``ROOT/001``, ``ROOT/002``… and dies at the first,
second… step, as by ``kill -9``; in the last it comes through. ``join``: two pieces are noted and wait, the third joins
them; ``give-up``: the third never comes, and their time is over.
"""

import asyncio
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

from conf.model import Address, Config
from gateway.arrive.arriving import STORED
from gateway.normalise import joining
from gateway.normalise.partial import WAIT_S, Wait
from gateway.normalise.patience import GRACE_S, Patience
from gateway.spool import files
from gateway.spool.envelope import Origin, Original, OriginKind
from gateway.spool.fragments import Fragments
from gateway.spool.job import JobId
from tests.gateway.normalise.mails import attached
from tests.gateway.normalise.station import Station
from tests.gateway.spool.crashing import arm, each_step
from tests.gateway.spool.given import NOW, Box, envelope, opened
from tests.peers.scans import tiff_g4

TOTAL = 3
MAIL_ID = "scan 1@printer"


def whole_mail(pages: int = 2, subject: str = "Scan") -> bytes:
    """A mail to be cut into pieces."""
    mail = attached(("image/tiff", "scan.tif", tiff_g4(pages=pages, size_px=(400, 300))))
    mail.replace_header("Subject", subject)
    mail.set_boundary("=_scan")
    return mail.as_bytes()


def in_pieces(mail: bytes, total: int, mail_id: str = MAIL_ID, *, telling: str = "all") -> list[bytes]:
    """The pieces of a mail, cut at line ends, the total said in all of them or in the last."""
    lines = mail.splitlines(keepends=True)
    head = mail.partition(b"\r\n\r\n")[0].count(b"\r\n") + 2
    size = max(-(-(len(lines) - head) // total), 1)
    cuts = [0, *(head + size * number for number in range(1, total)), len(lines)]
    made = []
    for number in range(1, total + 1):
        said = f"; total={total}" if telling == "all" or number == total else ""
        quoted = mail_id.replace("\\", "\\\\").replace('"', '\\"')
        head_lines = (
            f"From: printer@contoso.com\r\nSubject: Scan [{number}/{total}]\r\nMessage-ID: <{number}@printer>\r\n"
            f'MIME-Version: 1.0\r\nContent-Type: message/partial; id="{quoted}";\r\n number={number}{said}\r\n\r\n'
        )
        made.append(head_lines.encode() + b"".join(lines[cuts[number - 1] : cuts[number]]))
    return made


def came(box: Box, message: bytes, *, client: str = "127.0.0.1", to: str = "office@contoso.com", **facts: Any) -> JobId:
    """A mail that was taken by SMTP just now, or when ``arrived_at`` says."""
    draft = files.begin(box.spool, facts.get("arrived_at", NOW))
    (draft.originals / STORED).write_bytes(message)
    original = Original(STORED, STORED, len(message), sha256(message).hexdigest())
    origin = Origin(OriginKind.SMTP, facts.pop("listener", "smtp"), client)
    committed = envelope(draft.id, origin=origin, originals=(original,), recipients=(Address(to),), **facts)
    files.commit(box.spool, draft, committed)
    box.spool.in_hand.discard(draft.id)
    box.journal.admit(committed, committed.arrived_at.timestamp())
    return committed.id


def work_at(box: Box, now_s: float, *later: tuple[float, float]) -> Station:
    """Do all that the normaliser has to do at a time after its start.

    ``later``: then again, so many seconds after the start and when the wall clock says so.
    """
    station, steady = Station(box), [0.0]
    station.normaliser.patience = Patience(lambda: steady[0])
    for passed_s, wall_s in ((0.0, now_s), *later):
        steady[0] = passed_s
        with patch.object(time, "time", lambda wall_s=wall_s: wall_s):
            asyncio.run(station.work())
    return station


def give_up_at(box: Box, now_s: float) -> Station:
    """Do what there is to do at a start, and again when other pieces have had the time they have after one."""
    return work_at(box, now_s, (GRACE_S, now_s + GRACE_S))


def join(configured: Config, at: int) -> None:
    """Two pieces wait; with the third the mail is whole. Dies at a step of the joining."""
    pieces = in_pieces(whole_mail(), TOTAL)
    with opened(configured) as box:
        for piece in (pieces[2], pieces[0]):
            came(box, piece)
        work_at(box, NOW.timestamp() + 60)
        last = came(box, pieces[1])
        _die_joining(box, last, at, NOW.timestamp() + 61, Patience())


def give_up(configured: Config, at: int) -> None:
    """Two pieces wait in vain. Dies at a step of their end."""
    pieces = in_pieces(whole_mail(), TOTAL)
    with opened(configured) as box:
        first = came(box, pieces[2])
        came(box, pieces[0])
        work_at(box, NOW.timestamp() + 60)
        late_s, patience = NOW.timestamp() + WAIT_S + 1, Patience(lambda: 0.0)
        assert isinstance(_take(box, first, late_s, patience), Wait)
        patience.steady = lambda: GRACE_S
        _die_joining(box, first, at, late_s, patience)


def _die_joining(box: Box, job_id: JobId, at: int, now_s: float, patience: Patience) -> None:
    arm(box.config.gateway.state.parent, at)
    _take(box, job_id, now_s, patience)


def _take(box: Box, job_id: JobId, now_s: float, patience: Patience) -> Wait | JobId | None:
    joiner = joining.Joiner(box.spool, box.journal, Fragments(box.database), patience)
    directory = box.spool.jobs / job_id
    with patch.object(time, "time", lambda: now_s):
        return joiner.take(directory, files.read_envelope(directory))


if __name__ == "__main__":
    each_step({"join": join, "give-up": give_up}[sys.argv[1]], Path(sys.argv[2]))
