"""Whether an upstream's login is to be tried now though there is no mail: decided, not done."""

from typing import Final

from gateway.deliver.fault import Kind

DAY_S: Final = 86400.0
FIRST_S: Final = 600.0
"""After a start scans come first; a login that works with them tells more."""


def is_due(last_at: float | None, up_s: float, now: float) -> bool:
    """Tell whether a day has passed since the last test; a time of the future, from a clock that was wrong, is none."""
    is_old = last_at is None or not 0 <= now - last_at < DAY_S
    return up_s >= FIRST_S and is_old


def is_probe_due(paused_until: float, kind: str, *, is_of_login: bool, has_token: bool, now: float) -> bool:
    """Tell whether a paused upstream is to be probed without a mail, so that it works again before the next scan.

    Only for what a login can tell (``is_of_login``): one that works says nothing of a sender that is refused, or of a
    day's quota. And not with a password, unless it is an outage: what is wrong with it a person has to mend, and each
    try counts towards a lock-out.
    """
    return is_of_login and (has_token or kind == Kind.OUTAGE) and paused_until <= now
