"""Of which faults of an upstream the admin is to hear now, and the mail that tells of them: decided, not done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gateway.deliver.own_mail import Letterhead, own_mail
from gateway.spool.outages import Outage
from gateway.spool.traffic import FOR_A_PERSON

HOUR_S: Final = 3600.0
KEPT_S: Final = 86400.0
MOST: Final = 4
"""So many mails an hour about one upstream: two faults and their ends. What comes and goes is one mail beyond that."""

_PERSON_S: Final = 300.0
_PERSON_FAULTS: Final = 2
_OUTAGE_S: Final = 3600.0
_SETTLED_S: Final = 600.0
_ADVICE: Final = {True: "look at the settings of this upstream, and at the tenant.", False: "nothing, unless it lasts."}


@dataclass(frozen=True, slots=True)
class News:
    """Outages of one upstream that a mail is to tell of: those that began, and those that ended (or did both)."""

    begun: tuple[Outage, ...]
    ended: tuple[Outage, ...]

    @property
    def outages(self) -> tuple[Outage, ...]:
        """All of them, each once, the oldest first."""
        return tuple(sorted({*self.begun, *self.ended}, key=lambda outage: outage.began_at))


@dataclass(frozen=True, slots=True)
class Waited:
    """What became of the scans that waited for an upstream."""

    sent: int
    waiting: int
    failed: int


def is_worth_telling(outage: Outage, now: float) -> bool:
    """Tell whether a person should hear of an outage as it is now, or was when it ended.

    What needs a person: after five minutes or the second failed probe. What mends itself: after an hour. One that began
    in the future, by a clock that was wrong, has lasted long enough.
    """
    lasted_s = (outage.ended_at or now) - outage.began_at
    if lasted_s < 0:
        return True
    if outage.kind in FOR_A_PERSON:
        return lasted_s >= _PERSON_S or outage.faults >= _PERSON_FAULTS
    return lasted_s >= _OUTAGE_S


def news(outages: Sequence[Outage], mails: Sequence[float], now: float, *, is_drained: bool) -> News | None:
    """Return what a mail is to tell of now; None when there is nothing, or when enough mails were begun this hour.

    ``mails`` is when they were. An end is told once the scans that waited are gone (``is_drained``), or after ten
    minutes, so that the mail can say so; with a beginning that nobody could be told of, if need be. While the upstream
    is at fault again, only together with that: no mail says that it works when it does not.
    """
    if sum(0 <= now - at < HOUR_S for at in mails) >= MOST:
        return None
    untold = [one for one in outages if not one.end_mail and (one.fault_mail or is_worth_telling(one, now))]
    begun = tuple(one for one in untold if not one.fault_mail)
    ended = tuple(one for one in untold if one.ended_at)
    if any(not one.ended_at for one in outages):
        return News(begun, ended) if any(not one.ended_at for one in begun) else None
    is_settled = is_drained or any(not 0 <= now - one.ended_at < _SETTLED_S for one in ended)
    return News(begun, ended) if ended and is_settled else None


def settled(outages: Sequence[Outage], now: float) -> tuple[Outage, ...]:
    """Return the outages that can be forgotten: over, and told of, or not worth it, or a day old."""
    return tuple(
        outage
        for outage in outages
        if outage.ended_at
        and (
            outage.end_mail
            or not (outage.fault_mail or is_worth_telling(outage, now))
            or not 0 <= now - outage.ended_at < KEPT_S
        )
    )


def compose_route(upstream: str, told: News, waited: Waited, head: Letterhead) -> bytes:
    """Return the mail: that scans wait and what to do, or that they go again, or how often it came and went."""
    outages = told.outages
    last = outages[-1]
    if len(outages) > 1:
        state = "works again" if last.ended_at else "is at fault"
        subject = f'The way "{upstream}" was at fault {len(outages)} times, and {state}'
        return own_mail(head, subject, tuple(_often(upstream, outages, waited)))
    if last.ended_at:
        return own_mail(head, f'Scans go again: the way "{upstream}" works', tuple(_over(upstream, last, waited)))
    return own_mail(head, f'Scans wait: the way "{upstream}" is at fault', tuple(_at_fault(upstream, last, waited)))


def _at_fault(upstream: str, outage: Outage, waited: Waited) -> Iterator[str]:
    yield f'Since {_time(outage.began_at)} no scan can be delivered through the upstream "{upstream}".'
    yield f"Scans that go this way wait on the box: {waited.waiting} of them now. None is lost, and none fails for it."
    yield ""
    yield from _why(outage)
    yield ""
    yield "It is tried again by itself. You get a mail when it works again, and none before that."
    yield 'On the box "scangate status" shows it, "scangate queue" what waits, and the log ("journalctl -u scangate")'
    yield f"has each try as route-paused upstream={upstream}."


def _over(upstream: str, outage: Outage, waited: Waited) -> Iterator[str]:
    yield f'The upstream "{upstream}" works again since {_time(outage.ended_at)}.'
    yield f"It was at fault since {_time(outage.began_at)}, for {_span(outage)}."
    yield _count(waited)
    yield ""
    yield f"It had said: {outage.said}"


def _often(upstream: str, outages: Sequence[Outage], waited: Waited) -> Iterator[str]:
    yield f'The upstream "{upstream}" came and went:'
    yield ""
    for outage in outages[-20:]:
        end = f"to {_time(outage.ended_at)}, for {_span(outage)}" if outage.ended_at else "and still is"
        yield f"- at fault from {_time(outage.began_at)} {end}: {outage.said}"
    if len(outages) > 20:  # noqa: PLR2004  as above
        yield f"- and {len(outages) - 20} times before"
    yield ""
    yield _count(waited)
    yield ""
    yield from _why(outages[-1])
    yield f"Of more than {MOST} changes an hour you are told in one mail, such as this."


def _why(outage: Outage) -> Iterator[str]:
    yield f"Said: {outage.said}"
    yield f"What to do: {outage.advice or _ADVICE[outage.kind in FOR_A_PERSON]}"


def _count(waited: Waited) -> str:
    total = waited.sent + waited.waiting + waited.failed
    if not total:
        return "No scan waited for it."
    parts = [f"{waited.sent} delivered since"]
    parts += [f"{waited.waiting} still waiting"] if waited.waiting else []
    parts += [f"{waited.failed} failed, of which you are told"] if waited.failed else []
    return f"{total} scan{'' if total == 1 else 's'} waited for it: {', '.join(parts)}."


def _span(outage: Outage) -> str:
    minutes = max(0, round((outage.ended_at - outage.began_at) / 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{value} {unit}{'' if value == 1 else 's'}" for value, unit in ((days, "day"), (hours, "hour")) if value]
    parts += [f"{minutes} minute{'' if minutes == 1 else 's'}"] if minutes or not parts else []
    return " ".join(parts)


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
