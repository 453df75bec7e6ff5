"""What is to be reached, and whether it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to reach: ``value`` must be below ``limit``, or equal to it where the limit is nothing."""

    what: str
    value: float
    limit: float
    unit: str

    @property
    def is_met(self) -> bool:
        """Tell whether it is reached."""
        return self.value < self.limit if self.limit else self.value == 0

    def line(self) -> str:
        """Return it as a line of the table."""
        wanted = f"under {self.limit:g} {self.unit}" if self.limit else "none"
        met = "met" if self.is_met else "MISSED"
        return f"{met:8}{self.what:44}{self.value:10.3f} {self.unit:4} (to reach: {wanted})"
