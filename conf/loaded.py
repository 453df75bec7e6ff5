"""What reading a configuration comes to: all of it, checked, or every mistake in it."""

from dataclasses import dataclass

from conf.finding import Mistake
from conf.model import Config


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration without mistakes; each warning is one sentence with file, line and key."""

    config: Config
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Every mistake of a configuration, by line of the file, then by environment variable; at least one."""

    mistakes: tuple[Mistake, ...]

    def __str__(self) -> str:
        """Return one mistake a line."""
        return "\n".join(str(mistake) for mistake in self.mistakes)
