"""The mail that tells the admin ahead of time that a login will end."""

from datetime import datetime

from gateway.deliver.expiry import ENDED, Expiry, days_left, sentence
from gateway.deliver.own_mail import Letterhead, own_mail


def compose_expiry(expiry: Expiry, at_stage: int, head: Letterhead, now: datetime) -> bytes:
    """Return the mail: what ends, when, what happens then, what to do; marked so that no machine answers it."""
    left = days_left(expiry, now)
    has_ended = at_stage == ENDED
    then = (
        "Scans wait, and fail after the lifetime that [delivery] gives them."
        if has_ended
        else ("From then on scans wait, and nothing goes out by this upstream until it is renewed.")
    )
    lines = (
        sentence(expiry, now),
        then,
        "",
        f"What to do: {expiry.mend}",
        "",
        "You are told 30, 14, 7 and 1 days ahead and when it has ended, once each. scangate status shows the days.",
    )
    when = "has ended" if has_ended else f"ends in {left} day{'' if left == 1 else 's'}"
    return own_mail(head, f"{expiry.upstream}: the {expiry.what} {when}", lines)
