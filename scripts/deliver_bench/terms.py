"""What sender and receiver have agreed upon; it imports nothing that a contender would pay for."""

from typing import Final

CONNECTIONS: Final = 3
PASSWORD: Final = "the scanner's"  # noqa: S105  of a server that lives for minutes on loopback
RECIPIENT: Final = "office@example.com"
SENDER: Final = "scanner@example.com"
