"""What an alerter does all the time: look now and then, tell what is new, and outlive whatever goes wrong with that."""

import asyncio
import sqlite3
from collections.abc import Callable

from gateway.events import Event, log
from gateway.spool.database import JournalError


async def look_and_tell(tell_all: Callable[[], int], poke: Callable[[], None], what: str) -> None:
    """Tell once, in a thread; ``tell_all`` returns how many mails it made, and ``poke`` wakes the delivery for them.

    What goes wrong is logged, as that of telling ``what``. Raises JournalError: the journal is damaged.
    """
    try:
        told = await asyncio.to_thread(tell_all)
    except (OSError, sqlite3.Error) as error:
        log(Event.LOCAL_FAULT, reason=f"{what}: {error}")
        return
    except JournalError:
        raise
    except Exception as error:  # noqa: BLE001  the one broad catch: an alert must not end the service
        log(Event.LOCAL_FAULT, reason=what, error=error)
        return
    if told:
        poke()
