"""The commands that look at the journal, and those by which a person decides about a scan or an upstream."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway import cli_decision
from gateway.cli_settings import CONFIG, JSON, fail, load
from gateway.operate.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from conf.loaded import Loaded
    from gateway.spool.journal import Journal
    from gateway.spool.traffic import Traffic


def _with_journal(config_path: Path, show: "Callable[[Loaded, Journal, Traffic, Console], int]") -> int:
    from rich.console import Console

    from gateway.operate.records import NothingYetError, reading
    from gateway.spool.database import JournalError

    loaded = load(config_path)
    console = Console(highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())
    try:
        with reading(loaded.config.gateway.state) as (journal, traffic):
            return show(loaded, journal, traffic, console)
    except (NothingYetError, JournalError) as error:
        fail(Exit.LOCAL, str(error))


@click.command()
@CONFIG
@JSON
def status(config_path: Path, is_json: bool) -> int:  # noqa: FBT001  click passes flags so
    """Show the state of the box; exit code 1 when something needs a person."""

    def show(loaded: "Loaded", journal: "Journal", traffic: "Traffic", console: "Console") -> int:
        from gateway.arrive import place
        from gateway.operate import status as state

        seen = state.look(loaded.config, journal, traffic, tuple(place.warnings(loaded.config)))
        state.show(seen, console, is_json=is_json)
        return Exit.NOT_ALL if seen.needs_person else Exit.OK

    return _with_journal(config_path, show)


@click.command()
@CONFIG
@JSON
def queue(config_path: Path, is_json: bool) -> int:  # noqa: FBT001  click passes flags so
    """List the scans that wait, and the failed ones."""

    def show(loaded: "Loaded", journal: "Journal", _traffic: "Traffic", console: "Console") -> int:
        from gateway.operate.queue import show_queue

        show_queue(journal, console, is_json=is_json, lifetime_s=loaded.config.delivery.lifetime)
        return Exit.OK

    return _with_journal(config_path, show)


@click.command("show")
@click.argument("job")
@CONFIG
@JSON
def show_one(job: str, config_path: Path, is_json: bool) -> int:  # noqa: FBT001  click passes flags so
    """Show everything known of one scan."""

    def show(loaded: "Loaded", journal: "Journal", _traffic: "Traffic", console: "Console") -> int:
        from gateway.operate.queue import show_job

        if not show_job(journal, job, console, is_json=is_json, lifetime_s=loaded.config.delivery.lifetime):
            fail(Exit.UNKNOWN_JOB, f"there is no job {job}; scangate queue lists them")
        return Exit.OK

    return _with_journal(config_path, show)


@click.command()
@click.argument("job")
@CONFIG
def retry(job: str, config_path: Path) -> int:
    """Send a scan again now that is held, since it may have arrived, or that waits."""
    return cli_decision.decide(load(config_path), job, is_dropped=False)


@click.command()
@click.argument("job")
@CONFIG
def drop(job: str, config_path: Path) -> int:
    """End a scan that is held, since it may have arrived, or that waits; its files are kept."""
    return cli_decision.decide(load(config_path), job, is_dropped=True)


@click.command()
@click.argument("upstream", required=False)
@CONFIG
def resume(upstream: str | None, config_path: Path) -> int:
    """Try an upstream that is at fault now, or all of them: when what was at fault has been mended elsewhere.

    After a change of the configuration or of a secret restart the service instead.
    """

    def ask(loaded: "Loaded", _journal: "Journal", traffic: "Traffic", console: "Console") -> int:
        from gateway.operate.resume import ask_for, unknown

        if upstream is not None and (sentence := unknown(loaded.config, upstream)):
            fail(Exit.USAGE, sentence)
        for line in ask_for(loaded.config, traffic, upstream):
            console.print(line)
        return Exit.OK

    return _with_journal(config_path, ask)


COMMANDS: Final = (status, queue, show_one, retry, drop, resume)
