"""``scangate retry`` and ``scangate drop``: arguments to calls, outcomes to sentences and exit codes."""

from typing import TYPE_CHECKING

import click

from gateway.operate.exits import Exit

if TYPE_CHECKING:
    from conf.load import Loaded


def decide(loaded: "Loaded", job: str, *, is_dropped: bool) -> int:
    """Carry out a person's word on one scan."""
    from gateway.events import Event, configure, log
    from gateway.operate import decision, status
    from gateway.operate.records import NothingYetError
    from gateway.spool.database import JournalError

    state = loaded.config.gateway.state
    configure(loaded.config.log.format)
    try:
        if is_dropped:
            kept = decision.drop(state, job)
            log(Event.JOB_DROPPED, job, kept=str(kept))
            click.echo(f"{job} is not sent again; its files are kept in {kept}")
        else:
            decision.retry(state, job)
            log(Event.JOB_RELEASED, job)
            when = "within ten seconds" if status.is_running(state) else "when the service runs again"
            click.echo(f"{job} is sent again, {when}")
    except decision.UnknownJobError as error:
        return _failed(Exit.UNKNOWN_JOB, error)
    except decision.UndecidableError as error:
        return _failed(Exit.NOT_ALL, error)
    except (NothingYetError, JournalError) as error:
        return _failed(Exit.LOCAL, error)
    return Exit.OK


def _failed(code: Exit, error: Exception) -> int:
    click.echo(f"scangate: {error}", err=True)
    return code
