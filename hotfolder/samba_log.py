"""What smbd's log says of a device that was refused: why, and what to do.

The lines are those of Samba 4.17 and 4.22 (Debian 12 and 13) at the levels that ``samba.draw`` sets, measured
2026-11-25; any other is skipped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import PurePath
from typing import Final

from conf.model import is_ip
from hotfolder.names import display_name
from hotfolder.samba import LOG_PREFIXES


@unique
class Why(StrEnum):
    """Why a device was refused; the value stands in the log."""

    SMB1 = "smb1"
    NTLMV1 = "ntlmv1"
    NO_PASSWORD = "no-password"  # noqa: S105  a reason, not a password
    NO_ACCOUNT = "no-account"
    DISABLED = "disabled"
    PASSWORD = "password"  # noqa: S105  a reason, not a password
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal.

    ``user`` is the account the device named, as it may be printed, empty when it named none. ``device`` is the address
    where the line itself tells it: a device refused at once is logged in the file of ``0.0.0.0``.
    """

    why: Why
    user: str = ""
    device: str = ""

    @property
    def sentence(self) -> str:
        """What happened and what to do."""
        return _SENTENCES[self.why]


_SENTENCES: Final = {
    Why.SMB1: (
        "the device knows SMB1 only, which is refused; update it, let it send mail to an [[smtp]], "
        "or give it a share of its own with legacy_smb1 = true"
    ),
    Why.NTLMV1: (
        "the device logs in by NTLMv1, which is refused; switch NTLMv2 on at the device, "
        "or give it a share of its own with legacy_smb1 = true"
    ),
    Why.NO_PASSWORD: "the device sends no password; enter user and password of its share at the device",
    Why.NO_ACCOUNT: "there is no such account; enter the user of its share at the device, and run scangate samba-apply",
    Why.DISABLED: "the account is disabled; a share must name it as its user, then run scangate samba-apply",
    Why.PASSWORD: "the password is wrong; enter that of its share at the device, and run scangate samba-apply",
    Why.CLIENT: "the address is not in clients of the share; add it there if it is yours, and run scangate samba-apply",
}

_NO_PROTOCOL: Final = "No protocol supported !"
_DENIED: Final = re.compile(r"  Denied connection from .{0,300}\((?P<device>[0-9A-Fa-f.:]{2,45})\)")
_LOGIN: Final = re.compile(
    r"  Auth: \[.*?\] user \[.*?\]\\\[(?P<user>.*?)\] at \[.*?\] "
    r"with \[(?P<by>[^\]]*)\] status \[(?P<status>NT_STATUS_\w+)\]"
)
_BY_STATUS: Final = {
    "NT_STATUS_NO_SUCH_USER": Why.NO_ACCOUNT,
    "NT_STATUS_ACCOUNT_DISABLED": Why.DISABLED,
    "NT_STATUS_WRONG_PASSWORD": Why.PASSWORD,
}
_USER_LENGTH: Final = 64
_LINE_LENGTH: Final = 2000


def device_of(name: str) -> str | None:
    """Return the address of the device a log file is about, None for a file of another kind."""
    path = PurePath(name)
    stem = path.stem.removeprefix(next((p for p in LOG_PREFIXES.values() if p and name.startswith(p)), ""))
    return stem if path.suffix == ".log" and is_ip(stem) else None


def refusals(text: str) -> Iterator[Refused]:
    """Yield what a piece of one device's log tells of refusals, in order; any text is read without error."""
    for line in text.split("\n"):
        if line.endswith(_NO_PROTOCOL):
            yield Refused(Why.SMB1)
        elif found := _DENIED.fullmatch(line):
            yield Refused(Why.CLIENT, device=found["device"] if is_ip(found["device"]) else "")
        elif found := _LOGIN.match(line[:_LINE_LENGTH]):
            yield from _login(found["user"], found["by"], found["status"])


def _login(user: str, by: str, status: str) -> Iterator[Refused]:
    why = _BY_STATUS.get(status)
    if why is None:
        return
    if why is Why.PASSWORD and by == "NTLMv1":
        why = Why.NTLMV1
    if by == "No-Password":
        why = Why.NO_PASSWORD
    yield Refused(why, display_name(user)[:_USER_LENGTH] if user else "")
