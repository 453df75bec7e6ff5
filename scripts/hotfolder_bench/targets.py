"""What is to be reached, and whether it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to reach: ``value`` must be below ``limit``, or equal to it where the limit is nothing.

    With ``at_least`` it must not be below.
    """

    what: str
    value: float
    limit: float
    unit: str
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Tell whether it is reached."""
        if self.at_least:
            return self.value >= self.limit
        return self.value < self.limit if self.limit else self.value == 0

    def line(self) -> str:
        """Return it as a line of the table."""
        bound = "at least" if self.at_least else "under"
        wanted = f"{bound} {self.limit:g} {self.unit}".rstrip() if self.limit else "none"
        met = "met" if self.is_met else "MISSED"
        return f"{met:8}{self.what:44}{self.value:10.3f} {self.unit:4} (to reach: {wanted})"
