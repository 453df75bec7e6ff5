"""What an upstream made of a message it was offered."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from conf.model import Address
from gateway.deliver.pacer import Pacer
from gateway.spool.reply import Deferral, Scope, Verdict


@dataclass(frozen=True, slots=True)
class Offer:
    """What an upstream made of a message; ``next_try_at`` (seconds since 1970) is when it wants to be asked again.

    ``left_over`` are recipients that a mail of their own is to be offered for at once, when this outcome is noted.
    """

    verdicts: dict[Address, Verdict]
    next_try_at: float = 0.0
    is_uncertain: bool = False
    left_over: tuple[Address, ...] = ()


def deferred(recipients: Sequence[Address], verdict: Deferral, next_try_at: float) -> Offer:
    """Return that all of them wait until a time (seconds since 1970)."""
    return Offer(dict.fromkeys(recipients, verdict), next_try_at)


def paced(pacer: Pacer, recipients: Sequence[Address], wait_s: float) -> Offer:
    """Return that all of them wait so long, since the upstream is at its limit."""
    now = time.time()
    kept = pacer.limits(now)
    most = f"{kept.per_minute} messages a minute" + ("" if kept.per_hour is None else f", {kept.per_hour} an hour")
    return deferred(recipients, Deferral(f"paced: {pacer.route.name} takes {most}", Scope.ROUTE), now + wait_s)
