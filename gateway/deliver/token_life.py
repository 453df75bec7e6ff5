"""How long an access token may be used, and when the next one is fetched ahead of its end: decided, not done."""

from dataclasses import dataclass, field
from typing import Final

AHEAD_S: Final = 300.0
"""A token in use is renewed this long before its end, so that an outage of the endpoint is not felt at once."""
MARGIN_S: Final = 30.0
"""A login begun with less left might come too late: then a fresh token is asked for first."""
_AGAIN_S: Final = 60.0
"""Between two attempts to renew a token that is still good."""


@dataclass(frozen=True, slots=True)
class Access:
    """An access token, when it was fetched and when it ends. Times are of the monotonic clock."""

    token: str = field(repr=False)
    fetched_s: float
    ends_s: float


def is_fresh(access: Access, now_s: float) -> bool:
    """Tell whether a token may be used without asking for another one."""
    return access.ends_s - now_s > MARGIN_S


def is_alive(access: Access, now_s: float) -> bool:
    """Tell whether a token may be used because no other is to be had."""
    return access.ends_s > now_s


def wants_renewal(access: Access, used_s: float, failed_s: float | None, now_s: float) -> bool:
    """Tell whether the next token should be fetched now, in the background: this one is in use and ends soon."""
    is_in_use = used_s >= access.fetched_s
    may_ask = failed_s is None or now_s - failed_s >= _AGAIN_S
    return is_in_use and may_ask and access.ends_s - now_s <= AHEAD_S
