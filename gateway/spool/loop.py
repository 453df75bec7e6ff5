"""The mark that every mail of ours carries, and how a mail that comes back is told by it (RFC 5321 section 6.3).

A mailbox that forwards to the box, or two boxes that write to each other, would send a scan round for ever.
"""

import email.message
import email.utils
import re
from datetime import datetime
from typing import Final

from gateway.spool.job import JobId, is_job_id, is_notice_id
from gateway.spool.untold import UNTOLD

OWN_SCAN: Final = (
    "This mail was sent by scangate and came back, so it was not sent again. Please look which mailbox forwards to the "
    "printer's address."
)
ROUND: Final = (
    "This mail went through more than 30 mail servers, as one does that goes round in circles, so it was not sent on."
)

_MOST_HOPS: Final = 30
"""From a printer it is one or two. Postfix gives up at 50 (``hopcount_limit``); what goes round comes often."""

_OWN_HOP: Final = re.compile(r"by\s+\S+\s+\(scangate\)\s+id\s+(?P<id>[^\s;]+)")


def trace(box: str, job_id: JobId, at: datetime) -> str:
    """Return the body of Received of a mail of ours: the box's EHLO name, which the next server sees anyway, and when.

    In the form Postfix uses for mail that did not come from a network; no address of the network inside is named.
    """
    return f"by {box} (scangate) id {job_id}; {email.utils.format_datetime(at)}"


def came_back(headers: email.message.Message) -> str:
    """Return why an arrived mail must not be sent on, empty when it may."""
    hops = [str(value) for value in headers.get_all("Received", [])]
    found = [_own_id(str(headers.get("Message-ID", ""))), *(_own_hop(hop) for hop in hops)]
    own = [job_id for job_id in found if job_id is not None]
    is_report = headers.get_content_type() == "multipart/report"
    if is_report or any(map(is_notice_id, own)):
        return UNTOLD
    if own:
        return OWN_SCAN
    return ROUND if len(hops) > _MOST_HOPS else ""


def _own_id(message_id: str) -> JobId | None:
    local = message_id.strip().removeprefix("<").partition("@")[0]
    return JobId(local) if is_job_id(local) else None


def _own_hop(received: str) -> JobId | None:
    found = _OWN_HOP.search(received)
    return JobId(found["id"]) if found is not None and is_job_id(found["id"]) else None
