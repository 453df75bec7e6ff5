"""One thing for the tenant's admin to do: what it is for, and the commands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A sentence or more, and lines of PowerShell; ``is_check``: they change nothing, and show whether it worked."""

    what: str
    commands: tuple[str, ...] = ()
    is_check: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """The steps for one upstream, in their order."""

    title: str
    steps: tuple[Step, ...]
