"""How the command line ends: every exit code, once. OPERATIONS.md lists them; a test holds the two equal."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes. 2 is also what the argument parser says of wrong arguments."""

    OK = 0
    NOT_ALL = 1
    """Something was not delivered, or needs a person."""
    USAGE = 2
    CONFIG = 3
    """The configuration has mistakes."""
    START = 4
    """The service cannot start: port, state directory, folder, certificate, second instance."""
    REJECTED = 5
    """These files cannot become a PDF."""
    UNKNOWN_JOB = 6
    LOCAL = 7
    """A fault of this machine: disk, permissions, nothing to read yet."""
    BUG = 70
    """A fault of scangate (EX_SOFTWARE of sysexits.h)."""
