"""Open files: as many as the listeners may need, and what is said when there are none left."""

import asyncio
import errno
import resource
from collections.abc import Callable, Iterable
from typing import Any, Final

from conf.model import Smtp
from gateway.arrive.ration import Ration
from gateway.events import Event, log

_USUAL: Final = 1024
"""What a process has by default on Debian: enough for all but the listeners."""

_OF_A_CONNECTION: Final = 3
"""Its socket, the message being written, and a directory being flushed."""

_NONE_LEFT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def raise_limit(listeners: Iterable[Smtp]) -> str:
    """Raise this process's limit of open files to what its listeners may need; return a sentence when it cannot be.

    No further: children inherit it, and some programs close one by one all the files they might have open.
    """
    needed = _USUAL + _OF_A_CONNECTION * sum(listener.connections for listener in listeners)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return ""
    reached = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (reached, hard))
    if reached >= needed:
        return ""
    return f"connections of all [[smtp]] may need {needed} open files, and the system allows {hard} (LimitNOFILE)"


def tell_when_none_is_left(ration: Ration) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """Return an exception handler for the event loop: a connection that cannot be accepted is a line of the log.

    asyncio tries again after a second by itself; the connections that are open go on. Everything else is told as ever.
    """

    def tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _NONE_LEFT or "socket" not in context:
            loop.default_exception_handler(context)
        elif ration.take() > 0:
            log(Event.LOCAL_FAULT, reason=f"no connection can be accepted for now: {error.strerror}")

    return tell
