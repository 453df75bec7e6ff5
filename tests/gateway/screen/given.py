"""Facts of a share as the drawing takes them, on a day in November in a zone of its own."""

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from conf.model import Address
from gateway.screen.facts import Facts, Rest, Scan
from gateway.spool.job import Fate, Recipient, State
from hotfolder.arrival import Held, Hold, Standing

ZONE = timezone(timedelta(hours=1), "CET")
OFFICE, ALICE, ADMIN = Address("office@contoso.com"), Address("alice@contoso.com"), Address("it@contoso.com")


def at(hour: int, minute: int = 0) -> datetime:
    """A time of that day."""
    return datetime(2026, 11, 25, hour, minute, tzinfo=ZONE)


def facts(**changed: Any) -> Facts:
    """A box where all is well and nothing was scanned, or as changed."""
    known: dict[str, Any] = {
        "box": "branch-12",
        "admin": (ADMIN,),
        "share": "scans",
        "started_at": at(8, 1),
        "stopped_at": None,
        "upstreams": 1,
        "resting": (),
        "free_bytes": 12_345_678_901,
        "reserve_bytes": 200_000_000,
        "waiting": 0,
        "oldest_at": None,
        "scans": (),
        "standing": Standing("scans"),
    }
    return Facts(**{**known, **changed})


def scan(state: State, *recipients: Recipient, **changed: Any) -> Scan:
    """A scan of three pages in this state, for the office unless told otherwise."""
    known: dict[str, Any] = {
        "name": "scan.pdf",
        "arrived_at": at(14, 3),
        "pages": 3,
        "recipients": recipients or (Recipient(OFFICE),),
        "state": state,
        "reason": "",
        "next_try_at": None,
    }
    return Scan(**{**known, **changed})


def rest(**changed: Any) -> Rest:
    """An upstream that rests until ten past two."""
    known: dict[str, Any] = {"name": "submission", "until": at(14, 10), "said": "421 4.3.2 down", "advice": ""}
    return Rest(**{**known, **changed})


def held(hold: Hold, name: str = "x.pdf", reason: str = "it is a symbolic link") -> Standing:
    """A share in which one file is held."""
    return Standing("scans", (Held(Path(name), reason, hold, "scans"),))


SENT = Recipient(OFFICE, Fate.SENT, "submission", "250 ok")
REFUSED = Recipient(ALICE, Fate.FAILED, "submission", "550 5.1.10 no such mailbox")
