"""A box that gets a device's mail, and what the mail that it makes of it holds."""

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pypdf

from gateway.spool.job import State
from tests.gateway.normalise.station import SMALL, Station, mailed
from tests.gateway.spool.given import config, opened
from tests.peers.scans import tiff_g4

TIFF = tiff_g4(size_px=SMALL)


def listening(root: Path, **keys: Any) -> Any:
    """A box whose listener has further keys."""
    table = {"listen": "127.0.0.1:0", "clients": ["127.0.0.1"], "recipients": ["contoso.com"], **keys}
    return opened(config(root, smtp=[table], gateway={"state": root / "state", "free_space": "1 kB", "admin": [ADMIN]}))


ADMIN = "it@contoso.com"


async def made(station: Station, message: bytes) -> EmailMessage:
    """The mail that is made of a device's mail."""
    job_id = mailed(station.box, message)
    await station.work()
    assert station.job(job_id).state is State.READY, station.job(job_id).reason
    return station.mail(job_id)


async def refused(station: Station, message: bytes, state: State = State.FAILED) -> str:
    """The reason for which a device's mail becomes none."""
    job_id = mailed(station.box, message)
    await station.work()
    assert station.job(job_id).state is state
    return station.job(job_id).reason


def text_of(mail: EmailMessage) -> str:
    """The text of a mail, its lines joined."""
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def files_of(mail: EmailMessage) -> list[tuple[str | None, str]]:
    """Name and type of each attachment."""
    return [(part.get_filename(), part.get_content_type()) for part in mail.iter_attachments()]


def pages_of(mail: EmailMessage) -> int:
    """How many pages the PDF has."""
    return len(pypdf.PdfReader(io.BytesIO(next(mail.iter_attachments()).get_content())).pages)


def zipped(*entries: tuple[str, bytes]) -> bytes:
    """A zip of files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, contents in entries:
            archive.writestr(name, contents)
    return out.getvalue()
