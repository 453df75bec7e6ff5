"""STATUS.txt as text: plain words for a person at the printer, at most 78 columns, from facts and now."""

import math
import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import Final, assert_never

from conf.model import Address
from gateway.screen.facts import Facts, Rest, Scan
from gateway.spool.job import Fate, Recipient, State
from gateway.spool.others import without_others
from hotfolder.arrival import Held, Hold, Trouble
from hotfolder.names import display_name

SCANS: Final = 10
"""So many scans are shown."""
_COLUMNS: Final = 78
_REASON_LENGTH: Final = 300
_HELD: Final = 10
_NAMED: Final = 5
_GB: Final = 1_000_000_000

_IS: Final = {
    Hold.INCOMPLETE: "is still incomplete",
    Hold.OPEN: "is still open",
    Hold.STRANGE: "is not taken",
    Hold.LEFT: "cannot be taken",
    Hold.EMPTY: "is still empty",
    Hold.ALONE: "says who gets a scan, and there is none",
    Hold.PAGES: "waits for another page",
}
_TO_DO: Final = {
    Hold.INCOMPLETE: "if the printer has finished, scan again. Else it goes to the folder _failed by itself.",
    Hold.OPEN: "switch the printer off and on, then scan again.",
    Hold.STRANGE: "remove it, and put a plain copy of the scan here instead.",
    Hold.LEFT: "nothing at first, it is tried again. If it stays, tell the administrator.",
    Hold.EMPTY: "if the printer has finished, scan again. After a day the file goes to the folder _failed.",
    Hold.ALONE: "scan again, or remove it.",
    Hold.PAGES: "if the printer has finished, nothing: the pages that are whole go by themselves after some minutes.",
}

_MEND: Final = {
    Trouble.FOLDER: "tell the administrator.",
    Trouble.EVENTS: "tell the administrator.",
    Trouble.FAILED: "remove or rename what is called _failed here; a folder of that name is made anew.",
}


def draw(facts: Facts, now: datetime) -> str:
    """Return the text but for its last lines: the same text for the same facts, however the clock moves on.

    Only the end of an upstream's rest is compared with ``now``.
    """
    title = f'scangate on {facts.box}: the folder "{facts.share}"'
    lines = [*_wrapped(title), "=" * min(len(title), _COLUMNS), "", "THE BOX", *_box(facts, now), ""]
    problems = [*_problems(facts)]
    lines += ["PROBLEMS", *(problems or ["  None."]), "", f"THE LAST {SCANS} SCANS OF THIS FOLDER"]
    scans = [line for scan in facts.scans[:SCANS] for line in _scan(scan)]
    return "\n".join([*lines, *(scans or ["  None yet."]), ""])


def sign(body: str, facts: Facts, now: datetime, every_s: float) -> str:
    """Return the whole text: the body, when it was written, and how a reader sees that nobody writes it any more."""
    lines = [f"Written {_time(now)}."]
    if facts.stopped_at is None:
        lines += _wrapped(
            f"It is written again when something changes, and every {every_s / 60:g} minutes. If it is now "
            f"{every_s / 60 + 5:g} minutes later or more, the box is switched off or has a fault: switch it on, "
            "or tell the administrator."
        )
    if facts.admin:
        lines += _wrapped(f"Administrator: {_list(facts.admin)}")
    return "\n".join([body, *lines, ""])


def _box(facts: Facts, now: datetime) -> Iterator[str]:
    if facts.stopped_at is not None:
        stopped = f"scangate was stopped at {_time(facts.stopped_at)}. Scans put here wait until it is started again."
        yield from _wrapped(stopped, "  ")
    else:
        yield f"  Running since {_time(facts.started_at)}."
        if not facts.resting:
            yield "  Delivering."
        for rest in facts.resting:
            yield from _rest(rest, facts, now)
    yield f"  Free space: {_size(facts.free_bytes)}."
    if facts.waiting and facts.oldest_at is not None:
        many = "1 scan of this folder" if facts.waiting == 1 else f"{facts.waiting} scans of this folder, the oldest"
        ends = f" Given up at {_time(facts.given_up_at)}." if facts.resting and facts.given_up_at is not None else ""
        yield from _wrapped(f"Waiting to be delivered: {many} since {_time(facts.oldest_at)}.{ends}", "  ")
    else:
        yield "  Waiting to be delivered: nothing."


def _rest(rest: Rest, facts: Facts, now: datetime) -> Iterator[str]:
    whole = "NOT DELIVERING" if len(facts.resting) == facts.upstreams else "Delivering in part"
    again = (
        f"It is tried again at {_time(rest.until)}." if rest.until > now else "It is tried again with the next scan."
    )
    since = f" since {_time(rest.since)}" if rest.since is not None else ""
    yield from _wrapped(
        f'{whole}: the way "{rest.name}" is at fault{since}. Scans wait meanwhile, none is lost. {again}', "  "
    )
    own = {recipient.address for scan in facts.scans for recipient in scan.recipients}
    yield from _wrapped(f"Said: {without_others(_clean(rest.said), own)}", "    ")
    at_first = "tell the administrator" if rest.is_for_a_person else "nothing; if it lasts, tell the administrator"
    to_do = _clean(rest.advice) or at_first
    yield from _wrapped(f"What to do: {to_do}.", "    ")


def _problems(facts: Facts) -> Iterator[str]:
    if facts.free_bytes < facts.reserve_bytes:
        yield from _item(
            f"Too little free space: {_size(facts.free_bytes)}, and {_size(facts.reserve_bytes)} have to stay free. "
            "Until there is more, new scans are refused or stay in this folder.",
            "remove what nobody needs from the folder _failed, and tell the administrator.",
        )
    for fault in facts.standing.faults:
        yield from _item(f"This folder: {_clean(fault.sentence)}.", _MEND[fault.trouble])
    held = facts.standing.held
    for one in held[:_HELD]:
        yield from _item(_held(one), _TO_DO[one.hold])
    if more := max(0, len(held) - _HELD) + facts.standing.more:
        yield f"  * And {more} more files that are not taken."


def _held(one: Held) -> str:
    return f"{_clean(one.name)} {_IS[one.hold]}: {_clean(one.reason)}."


def _item(what: str, to_do: str) -> Iterator[str]:
    yield from _wrapped(what, "  * ", "    ")
    yield from _wrapped(f"What to do: {to_do}", "    ")


def _scan(scan: Scan) -> Iterator[str]:
    pages = f", {scan.pages} page{'' if scan.pages == 1 else 's'}" if scan.pages else ""
    yield from _wrapped(f"{_time(scan.arrived_at)}{pages}: {_clean(display_name(scan.name))}", "  ")
    everyone = tuple(recipient.address for recipient in scan.recipients)
    sent = tuple(recipient.address for recipient in scan.recipients if recipient.fate is Fate.SENT)
    others = tuple(recipient.address for recipient in scan.recipients if recipient.fate is not Fate.SENT)
    match scan.state:
        case State.JOINED:
            yield from _wrapped("is part of another scan", "      ")
        case State.SENT:
            yield from _wrapped(f"sent to {_list(everyone)}", "      ")
        case State.ACCEPTED | State.READY | State.SENDING:
            waits = f": {_clean(scan.reason)}" if scan.reason else ""
            yield from _wrapped(f"waiting, for {_list(others or everyone)}{waits}", "      ")
        case State.DEFERRED:
            until = f"deferred until {_time(scan.next_try_at)}" if scan.next_try_at else "deferred"
            yield from _wrapped(f"{until}, for {_list(others)}: {_clean(scan.reason)}.", "      ")
        case State.HELD:
            yield from _wrapped(f"held, for {_list(others)}: it may have arrived, so it is not sent again.", "      ")
            yield from _wrapped("What to do: ask them, then tell your administrator whether to send it.", "      ")
        case State.FAILED | State.QUARANTINE:
            why = _clean(scan.reason) or _replies(scan.recipients) or "no reason is known"
            yield from _wrapped(f"FAILED, for {_list(others or everyone)}: {why}.", "      ")
            yield from _wrapped("What to do: see the folder _failed; it tells what helps.", "      ")
            if scan.alike:
                many = "1 file that is no scan" if scan.alike == 1 else f"{scan.alike} files that are no scans"
                yield from _wrapped(f"So did, before it, {many} or stayed empty.", "      ")
        case _:
            assert_never(scan.state)
    if sent and scan.state is not State.SENT:
        yield from _wrapped(f"sent to {_list(sent)}", "      ")


def _replies(recipients: tuple[Recipient, ...]) -> str:
    return _clean("; ".join(recipient.reply for recipient in recipients if recipient.fate is Fate.FAILED))


def _list(addresses: tuple[Address, ...]) -> str:
    shown = ", ".join(_clean(address) for address in addresses[:_NAMED])
    more = len(addresses) - _NAMED
    return (f"{shown} and {more} more" if more > 0 else shown) or "nobody"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} {at.tzname() or ''}".rstrip()


def _size(size_bytes: int) -> str:
    """Return a size to two figures, rounded down: so that each scan does not make another text of it."""
    value, unit = (size_bytes / 1e9, "GB") if size_bytes >= _GB else (max(size_bytes, 1) / 1e6, "MB")
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    rounded = f"{math.floor(value / step + 1e-9) * step:.1f}"
    return f"{rounded.removesuffix('.0')} {unit}"


def _clean(text: str) -> str:
    """Return one line that can be shown: names and replies come from devices and hosts."""
    shown = " ".join("".join(char if char.isprintable() else " " for char in text).split()).removesuffix(".")
    return shown if len(shown) <= _REASON_LENGTH else f"{shown[: _REASON_LENGTH - 1]}…"


def _wrapped(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """Return a text as lines; a word longer than a line, such as a file's name, is cut."""
    indent = rest if rest is not None else " " * len(first)
    return textwrap.wrap(text, _COLUMNS, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
