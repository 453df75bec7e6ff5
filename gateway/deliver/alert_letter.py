"""Which files in a share the admin is to hear of, and the mail that tells of them: decided, not done."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from conf.model import Address
from gateway.spool.job import JobId
from gateway.spool.loop import trace
from hotfolder.arrival import Held, Hold, Standing

LEAST_S: Final = 3600.0
"""At most one alert an hour for each share: whoever may write there could else have a thousand mails sent."""
_NAMED: Final = 20
_TOLD: Final = frozenset({Hold.STRANGE, Hold.LEFT})


def concerning(standing: Standing) -> tuple[Held, ...]:
    """Return what does not mend itself: what is never taken, and what could not be taken again and again."""
    return tuple(one for one in standing.held if one.hold in _TOLD)


def news(standing: Standing, told: Mapping[str, float], now: float) -> tuple[Held, ...]:
    """Return what the admin is to be told of now: nothing while the last alert about this share is not an hour old.

    ``told`` is when which name was told of. A time of the future, from a clock that was wrong, holds up nothing.
    """
    fresh = tuple(one for one in concerning(standing) if one.key not in told)
    last = max((at for at in told.values() if at <= now), default=None)
    return () if last is not None and now - last < LEAST_S else fresh


def outdated(standing: Standing, told: Mapping[str, float], now: float) -> tuple[str, ...]:
    """Return the names to be forgotten: they are gone, and were told of more than an hour ago, so that what comes and
    goes every minute makes no mail every minute.
    """  # noqa: D205  one sentence
    there = {one.key for one in concerning(standing)}
    return tuple(sorted(name for name, at in told.items() if name not in there and now - at > LEAST_S))


def compose_alert(
    share: str,
    fresh: Sequence[Held],
    sender: Address,
    recipients: Sequence[Address],
    box: str,
    message_id: str,
    date: datetime,
) -> bytes:
    """Return the mail: which files, why, what to do; marked so that no machine answers it (RFC 3834 section 5)."""
    mail = EmailMessage(policy=SMTP.clone(max_line_length=76))
    mail["Received"] = trace(box, JobId(message_id.partition("@")[0]), date)
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = f"Share {share}: {len(fresh)} file{'' if len(fresh) == 1 else 's'} not taken"
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = f"<{message_id}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    more = [f"- and {len(fresh) - _NAMED} more"] if len(fresh) > _NAMED else []
    lines = [
        f"In the share {share} stands what scangate does not take, and does not touch:",
        "",
        *(f"- {one.sentence}" for one in fresh[:_NAMED]),
        *more,
        "",
        "None of it was followed or delivered. Please look who put it there, and remove it, or put a plain copy there.",
        "You are told once of each; STATUS.txt in the share lists what still stands there.",
        "",
        f"This notice was written by scangate on {box}.",
    ]
    mail.set_content("\n".join("".join(c if c.isprintable() else "?" for c in line) for line in lines))
    return mail.as_bytes()
