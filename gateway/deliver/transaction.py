"""One transaction of SMTP but for its body: MAIL, RCPT for each recipient, and each recipient's verdict in the end."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from conf.model import Address
from gateway.deliver.replies import classify
from gateway.deliver.session import LostError, Session
from gateway.spool.reply import Deferral, Phase, Receipt, Reply, Scope, Verdict

MOST_RECIPIENTS: Final = 100
"""In one transaction: every server takes so many (RFC 5321 section 4.5.3.1.8), and our own doors no more. Exchange
takes 500, but a host that takes fewer would have to be found out by its refusals."""

_STATUS: Final = re.compile(r"[245]\.(\d{1,3}\.\d{1,3})(?!\S)")
_TOO_MANY: Final = re.compile(r"too many recipients", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Transfer:
    """What became of each recipient. ``is_uncertain``: the whole message was sent, and its reply never came.

    ``is_reusable``: the session may carry the next message. ``left_over``: recipients for a further transaction now,
    since this one had no room for them; their verdict here only says so. ``binary_fault``: why the binary form was of
    no use, which then must not be tried again soon; empty when nothing speaks against it.
    """

    verdicts: Mapping[Address, Verdict]
    is_uncertain: bool = False
    is_reusable: bool = False
    left_over: tuple[Address, ...] = ()
    binary_fault: str = ""

    @property
    def is_taken(self) -> bool:
        """Tell whether the host has taken the message for anybody."""
        return any(isinstance(verdict, Receipt) for verdict in self.verdicts.values())


@dataclass(frozen=True, slots=True)
class Opened:
    """Who was taken for a message that comes now, and the verdicts on all others."""

    verdicts: Mapping[Address, Verdict]
    taken: tuple[Address, ...]
    left_over: tuple[Address, ...]


async def mail(session: Session, sender: Address, size_bytes: int, body: str = "") -> Reply:
    """Say MAIL, with what the host offers to be told. Raises LostError."""
    size = f" SIZE={size_bytes}" if session.offers("size") else ""
    return await session.command(Phase.MAIL, f"MAIL FROM:<{sender}>{size}{body}")


async def name_recipients(session: Session, recipients: Sequence[Address]) -> Opened | Transfer:
    """Say RCPT for each; return who was taken, or the end of it when nobody was. Raises LostError."""
    full = Deferral(f"one mail takes {MOST_RECIPIENTS} recipients", Scope.RECIPIENT)
    left_over = tuple(recipients[MOST_RECIPIENTS:])
    verdicts: dict[Address, Verdict] = {}
    taken: list[Address] = []
    reply = Reply(0, "")
    for place, recipient in enumerate(recipients[:MOST_RECIPIENTS]):
        reply = await session.command(Phase.RCPT, f"RCPT TO:<{recipient}>")
        if reply.code in {250, 251}:
            taken.append(recipient)
            continue
        verdict: Verdict = classify(Phase.RCPT, reply)
        if isinstance(verdict, Deferral) and verdict.scope is Scope.ROUTE:
            return Transfer(dict.fromkeys(recipients, verdict), is_reusable=await reset(session, reply))
        if taken and is_full(reply):
            # The others are not asked for: a host hangs up on one that earns errors (Postfix after 20).
            full, left_over = Deferral(str(reply), Scope.RECIPIENT), tuple(recipients[place:])
            break
        verdicts[recipient] = verdict
    verdicts |= dict.fromkeys(left_over, full)
    if not taken:
        return Transfer(verdicts, is_reusable=await reset(session, reply), left_over=left_over)
    return Opened(verdicts, tuple(taken), left_over)


def is_full(reply: Reply) -> bool:
    """Tell whether a reply to RCPT says that the transaction is full, and nothing of the recipient.

    By its text or status; a bare 552 means what 452 does here (RFC 5321 section 4.5.3.1.10), but 452 4.3.1 a full disk.
    """
    status = _STATUS.match(reply.text)
    is_by_code = reply.code in {452, 552} and (status is None or status[1] == "5.3")
    is_by_status = 400 <= reply.code <= 599 and status is not None and status[1] == "5.3"  # noqa: PLR2004  4xx, 5xx
    return is_by_code or is_by_status or _TOO_MANY.search(reply.text) is not None


def ended(opened: Opened, phase: Phase, reply: Reply, *, is_reusable: bool) -> Transfer:
    """Return the end of a transaction by the host's reply to the message, at whichever step of it."""
    is_taken = phase is Phase.END and 200 <= reply.code <= 299  # noqa: PLR2004  RFC 5321 section 4.2.1
    verdict: Verdict = Receipt(str(reply)) if is_taken else classify(phase, reply)
    verdicts = {**opened.verdicts, **dict.fromkeys(opened.taken, verdict)}
    return Transfer(verdicts, is_reusable=is_reusable, left_over=opened.left_over if is_taken else ())


def broken_off(recipients: Sequence[Address], error: LostError) -> Transfer:
    """Return the end of a transaction whose connection was lost before the host had the whole message."""
    # A body that breaks off may be this message's own fault (its size, its bytes): the others need not wait for it.
    scope = Scope.MESSAGE if error.phase is Phase.DATA else Scope.ROUTE
    return Transfer(dict.fromkeys(recipients, Deferral(str(error), scope)))


def unanswered(opened: Opened, error: LostError) -> Transfer:
    """Return the end of a transaction whose connection was lost when the host may have had the whole message."""
    deferral = Deferral(str(error), Scope.MESSAGE)
    return Transfer({**opened.verdicts, **dict.fromkeys(opened.taken, deferral)}, is_uncertain=True)


async def reset(session: Session, reply: Reply) -> bool:
    """Bring the session back to its start; False when it is gone or not worth keeping. The reply stands either way."""
    if reply.code == 421 or not session.is_open:  # noqa: PLR2004  "service closing"
        return False
    try:
        return (await session.command(Phase.MAIL, "RSET", timeout_s=30)).code == 250  # noqa: PLR2004  RFC 5321
    except LostError:
        return False
