"""What each maker's old devices need of an SMTP server to get through: the profiles a listener can name.

Sources, read 2026-11: reports in the trackers of smtp-oauth-relay, postal, mox, docker-mailserver, email-oauth2-proxy
and aiosmtpd, and the makers' manuals (WorkCentre 6015 and 7755, Canon "Send Kit" and DU7-1178 service manuals, bizhub
C4000i, Brother MFC-9130CW). What a report names for one model is given to the maker: each of these only hides what the
device could not use, or takes what it writes. Quirks that harm nobody are answered for every device
(``gateway/arrive/answers.py``), so most profiles are the standard.
"""

from dataclasses import dataclass
from typing import Final, Literal

Maker = Literal["standard", "brother", "canon", "hp", "konica-minolta", "kyocera", "ricoh", "toshiba", "xerox"]
"""The names of the profiles, as they stand in ``[[smtp]] profile``."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How the dialogue differs for devices of one maker; the standard shows all that the listener has."""

    shows_tls: bool = True
    """STARTTLS stands in the EHLO reply. A device that tries whatever it sees, and fails, is not shown it."""

    shows_login: bool = True
    """AUTH stands in the EHLO reply."""

    mechanisms: frozenset[str] = frozenset({"LOGIN", "PLAIN", "CRAM-MD5"})
    """The ways to log in that are shown. Others are taken all the same."""

    is_bare_lf: bool = False
    """A line may end with LF alone, and so may the message: the device writes no CR."""


PROFILES: Final[dict[Maker, Profile]] = {
    "standard": Profile(),
    "brother": Profile(),
    # Uses STARTTLS when it is on there and offered here, and goes on in the clear otherwise (DU7-1178, 2.1.2).
    "canon": Profile(),
    # Tries TLS 1.0 or 1.1 whenever it is offered (smtp-oauth-relay issue 70), one model only SSL 3.0
    # (docker-mailserver issue 1145).
    "hp": Profile(shows_tls=False),
    "konica-minolta": Profile(),
    # Kyocera and Toshiba show "sent" though the server still waits for the end (postal issue 2732). Whether that is a
    # bare LF nobody said, so it is not assumed: where it is one, the log says so.
    "kyocera": Profile(),
    # After CRAM-MD5, though it was answered 235, the device says QUIT; with a Postfix it works (postal issue 663).
    "ricoh": Profile(mechanisms=frozenset({"LOGIN", "PLAIN"})),
    "toshiba": Profile(),
    "xerox": Profile(),
}
"""The profile of each maker."""
