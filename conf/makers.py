"""What each maker's old devices need of an SMTP server to get through: the profiles a listener can name.

Sources: reports in the trackers of smtp-oauth-relay, postal, mox, docker-mailserver, aiosmtpd and Stalwart's users, and
the makers' manuals, read 2026-11. What a report names for one model is given to the maker: each of these only hides
what the device could not use, or takes what it writes.
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

    is_bare_lf: bool = False
    """A line may end with LF alone, and so may the message: the device writes no CR."""


PROFILES: Final[dict[Maker, Profile]] = {
    "standard": Profile(),
    "brother": Profile(),
    "canon": Profile(),
    "hp": Profile(shows_tls=False),  # tries TLS 1.0 or SSLv3 whenever it is offered (smtp-oauth-relay issue 70)
    "konica-minolta": Profile(),
    "kyocera": Profile(),
    "ricoh": Profile(),
    "toshiba": Profile(),
    "xerox": Profile(),
}
"""The profile of each maker."""
