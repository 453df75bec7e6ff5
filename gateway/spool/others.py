"""What a mail server said of one scan, as people who wait for another may read it."""

import re
from collections.abc import Iterable
from typing import Final

from conf.model import Address

_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"',;:@]+@[^\s<>()\[\]\"',;:@]+")


def without_others(said: str, own: Iterable[Address]) -> str:
    """Return what was said without the addresses that it may have named, but for one's own."""
    known = {address.lower() for address in own}
    return _ADDRESS.sub(lambda found: found[0] if found[0].lower().rstrip(".") in known else "(an address)", said)
