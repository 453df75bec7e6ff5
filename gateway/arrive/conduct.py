"""How a device behaves within one session, read off the replies it gets.

A session has one way out for replies, whoever words them: what a device was answered is what it has done.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

COMMANDS: Final = 50
"""Commands without a mail taken, recipients apart. A mail needs four; a device that looks about first, some more."""

RECIPIENTS: Final = 1000
"""Recipients named without a mail taken, whatever became of them. A mail takes 100; Postfix's overshoot is the same."""

UNKNOWN: Final = 5
"""Commands that there are not, without a mail taken: as many as aiosmtpd bears."""


class Act(Enum):
    """What a reply says about the command it answers."""

    NOTHING = 0
    """Not the end of an answer, or not an answer: a greeting, a challenge, a farewell."""

    COMMAND = 1
    RECIPIENT = 2
    REFUSED = 3
    """A sender or recipient that may not be named."""

    LOGIN = 4
    """A login that failed."""

    UNKNOWN = 5


_OF_CODE: Final = {
    "220": Act.NOTHING,
    "334": Act.NOTHING,
    "354": Act.NOTHING,
    "421": Act.NOTHING,
    "500": Act.UNKNOWN,
    "535": Act.LOGIN,
    "550": Act.REFUSED,
    "553": Act.REFUSED,
}
_OF_RECIPIENTS: Final = ("250 2.1.5", "452 4.5.3")


def act_of(reply: str) -> Act:
    """Return what a reply line, without its line end, says about the device."""
    if reply[3:4] == "-":
        return Act.NOTHING
    if reply.startswith(_OF_RECIPIENTS):
        return Act.RECIPIENT
    return _OF_CODE.get(reply[:3], Act.COMMAND)


@dataclass(slots=True)
class Conduct:
    """The counts of one session since it began, or since its last mail was taken."""

    commands: int = 0
    recipients: int = 0
    unknown: int = 0

    def taken(self) -> None:
        """A mail was taken: begin anew."""
        self.commands = self.recipients = self.unknown = 0

    def note(self, act: Act) -> str:
        """Count one act; return why the session ends with it, empty when it goes on."""
        match act:
            case Act.NOTHING:
                return ""
            case Act.RECIPIENT | Act.REFUSED:
                self.recipients += 1
                return "too many recipients" if self.recipients >= RECIPIENTS else ""
            case Act.UNKNOWN:
                self.unknown += 1
            case Act.COMMAND | Act.LOGIN:
                pass
        self.commands += 1
        if self.unknown >= UNKNOWN:
            return "too many unknown commands"
        return "too many commands without a mail" if self.commands >= COMMANDS else ""
