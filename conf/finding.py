"""What is wrong or doubtful at one place of the configuration, before anyone knows its line."""

import json
import re
from dataclasses import dataclass
from typing import Final

from conf.lines import KeyPath

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about the key at ``at`` (the whole file when empty); a warning does not stop the service.

    ``what`` completes the sentence that begins with the key, says what is allowed, and never holds a secret.
    """

    at: KeyPath
    what: str
    is_warning: bool = False


def key_text(path: KeyPath) -> str:
    """Return a key path as people write it: ``upstream[0].domains[1]``; a name that needs quotes gets them."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _BARE_KEY.fullmatch(part) else json.dumps(part[:64])
            text += f".{name}" if text else name
    return text


def choice(words: tuple[str, ...], last: str = "or") -> str:
    """Return quoted words as a choice: ``"a", "b" or "c"``."""
    quoted = [f'"{word}"' for word in words]
    return f"{', '.join(quoted[:-1])} {last} {quoted[-1]}" if len(quoted) > 1 else "".join(quoted)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at one line of one file, in one sentence; ``line`` counts from 1.

    ``file`` is ``environment`` for a variable, and ``key`` then its name. A mistake of the whole file has no key.
    """

    file: str
    line: int | None
    key: str
    what: str

    def __str__(self) -> str:
        """Return ``file:line: key: what``, without the parts there are not."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.key, self.what) if part)
