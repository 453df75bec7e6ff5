"""What the SMTP listener answers to MAIL and RCPT, and to a fault of its own: policy put into reply lines."""

import asyncio
from typing import Any, Final

from conf.model import Smtp
from gateway.arrive import policy
from gateway.arrive.commands import declared_size
from gateway.arrive.intake import Intake
from gateway.events import Event, log

_RECIPIENTS: Final = 100
"""RFC 5321 section 4.5.3.1.8: a server takes at least so many in one mail."""


class Hooks:
    """What aiosmtpd asks its handler at each command; ``server`` is the session with the ``rule`` that applies."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def __dir__(self) -> tuple[str, ...]:
        """Only what aiosmtpd looks for in a handler, at each connection: as in a session."""
        return ("handle_MAIL", "handle_RCPT")

    async def handle_MAIL(  # noqa: N802  the name aiosmtpd looks for
        self, server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take a sender that policy allows while there is room for the message; 452 while there is not."""
        busy = server.visit.begin_mail()
        if busy:
            return busy  # type: ignore[no-any-return]
        forbidden = policy.judge_sender(server.rule, address or "<>")
        if forbidden is not None:
            server.visit.tell(forbidden.reply)
            return forbidden.reply
        if not self._intake.has_room(declared_size(options)):  # asks the kernel's memory, not the disk
            log(Event.SPACE_LOW, listener=server.rule.name)
            return "452 4.3.1 No room at the moment, try again later"
        envelope.mail_from = address or "<>"
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802  the name aiosmtpd looks for
        self, server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Take the recipient that policy allows; each is taken once."""
        rule: Smtp = server.rule
        match policy.judge_recipient(self._intake.config, rule, address):
            case policy.Allowed(recipient):
                if recipient in envelope.rcpt_tos:
                    return "250 2.1.5 Ok"
                if len(envelope.rcpt_tos) >= _RECIPIENTS:
                    return "452 4.5.3 Too many recipients; send the mail to the others once more"
                envelope.rcpt_tos.append(recipient)
                return "250 2.1.5 Ok"
            case policy.Forbidden(reply):
                server.visit.tell(reply)
                return reply

    async def handle_exception(self, error: Exception) -> str:
        """Answer a fault of ours as temporary; aiosmtpd's own answer would be 500."""
        if not isinstance(error, (asyncio.IncompleteReadError, ConnectionError)):
            log(Event.LOCAL_FAULT, reason="SMTP in", error=error)
        return "451 4.3.0 Local fault, try again later"


def host_of(peer: Any) -> str:
    """Return the address of a socket's peer, empty when there is none."""
    return str(peer[0]) if isinstance(peer, tuple) and peer else ""
