"""The command line: arguments to calls, errors to sentences and exit codes.

What a command needs is imported when it runs, so that ``scangate status`` does not wait for the service's libraries.
"""

import asyncio
import os
import sqlite3
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from gateway import __version__, cli_samba
from gateway.cli_convert import convert
from gateway.cli_explain import explain
from gateway.operate.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from conf.load import Loaded
    from gateway.spool.journal import Journal
    from gateway.spool.traffic import Traffic

_CONFIG = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("/etc/scangate/gateway.toml"),
    show_default=True,
    help="The TOML file.",
)
_JSON = click.option("--json", "is_json", is_flag=True, help="Print JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="scangate")
def cli() -> None:
    """Scan-to-email gateway: takes scans from old printers and delivers each as one PDF through Office 365."""


def main() -> NoReturn:
    """Run the command line and exit with one of ``Exit``; no traceback but for a fault of scangate's own."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(Exit.NOT_ALL)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.USAGE)
    except (OSError, sqlite3.Error) as error:
        _fail(Exit.LOCAL, _local_sentence(error))
    except Exception:  # noqa: BLE001  the last catch: a fault of ours is shown whole, with a code of its own
        traceback.print_exc()
        sys.exit(Exit.BUG)
    sys.exit(code if isinstance(code, int) else Exit.OK)


def _local_sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _fail(code: Exit, sentence: str) -> NoReturn:
    click.echo(f"scangate: {sentence}", err=True)
    sys.exit(code)


def _load(path: Path) -> "Loaded":
    """Return the configuration, or print every mistake and exit."""
    from conf.load import Mistakes, load

    match load(path, os.environ):
        case Mistakes(mistakes):
            for mistake in mistakes:
                click.echo(str(mistake), err=True)
            sys.exit(Exit.CONFIG)
        case loaded:
            return loaded


def _warnings(loaded: "Loaded") -> list[str]:
    """What is no mistake, and yet not as it was meant: also folders on remote mounts, and tools this box has not."""
    from datetime import UTC, datetime

    from gateway.arrive import lan_tls, place
    from gateway.normalise.settings import reading_of
    from image.ocr.reading import is_wanted
    from image.ocr.tools import missing

    pdf = loaded.config.pdf
    reading = reading_of(pdf)
    lacking = missing(reading) if is_wanted(reading) else ""
    asked = ", ".join(key for key in ("rotate", "deskew", "ocr") if getattr(pdf, key))
    expiring = lan_tls.warnings(loaded.config.smtp, datetime.now(UTC))
    lack = [f"[pdf] {asked}: {lacking}; until then scans are delivered without"] if lacking else []
    return [*map(str, loaded.warnings), *place.warnings(loaded.config), *expiring, *lack]


@cli.command()
@_CONFIG
@click.option("--once", is_flag=True, help="Deliver what is there now, print a line for each scan, and end.")
def run(config_path: Path, once: bool) -> int:  # noqa: FBT001  click passes flags so
    """Run the service until SIGTERM or Ctrl-C."""
    from gateway import service
    from gateway.arrive.listener import ListenError
    from gateway.deliver.tls import CertificateError
    from gateway.events import Event, configure, log
    from gateway.operate.samba_owner import faults_of_owners
    from gateway.spool.database import JournalError
    from gateway.spool.files import SpoolError
    from gateway.spool.job import State

    loaded = _load(config_path)
    configure(loaded.config.log.format)
    for warning in [*_warnings(loaded), *faults_of_owners(loaded.config)]:
        log(Event.CONFIG_WARNING, what=warning)

    async def work() -> bool:
        running = service.start(loaded.config)
        try:
            if not once:
                await running.run()
                return True
            moved, left = await running.run_once()
            for job in moved:
                to = ", ".join(recipient.address for recipient in job.recipients)
                click.echo(f"{job.id} {job.state.value}: {job.title or job.origin} to {to}{_why(job.reason)}")
            for sentence in left:
                click.echo(f"left in {sentence}")
            return not left and all(job.state in {State.SENT, State.JOINED} for job in moved)
        finally:
            await asyncio.get_running_loop().shutdown_default_executor()  # what threads still write, they write first
            running.release()

    try:
        is_all = asyncio.run(work())
    except (service.StartError, SpoolError, JournalError, CertificateError, ListenError) as error:
        _fail(Exit.START, str(error))
    except BaseExceptionGroup as group:
        damaged = group.subgroup(JournalError)
        if damaged is None:
            raise
        _fail(Exit.LOCAL, f"{damaged.exceptions[0]}; start again: it is then made anew from the spool")
    return Exit.OK if is_all else Exit.NOT_ALL


def _why(reason: str) -> str:
    return f" ({reason})" if reason else ""


@cli.command()
@_CONFIG
def check(config_path: Path) -> int:
    """Check the configuration: every mistake at once, as file:line: key: what is wrong, what is allowed."""
    from gateway.arrive import lan_tls, place
    from gateway.operate.samba_owner import faults_of_owners

    loaded = _load(config_path)
    for warning in _warnings(loaded):
        click.echo(f"warning: {warning}", err=True)
    faults = [*place.faults(loaded.config), *lan_tls.faults(loaded.config), *faults_of_owners(loaded.config)]
    found = dict.fromkeys(faults)
    for sentence in found:
        click.echo(f"{config_path}: {sentence}", err=True)
    if found:
        return Exit.CONFIG
    click.echo(f"{config_path}: no mistakes")
    return Exit.OK


cli.add_command(convert)
cli.add_command(explain)


@cli.command("samba-config")
@_CONFIG
@click.option("--legacy", is_flag=True, help="That of the second server, for shares with legacy_smb1.")
def samba_config(config_path: Path, legacy: bool) -> int:  # noqa: FBT001  click passes flags so
    """Print the smb.conf of the shares that have a user."""
    return cli_samba.print_config(_load(config_path), config_path.absolute(), is_legacy=legacy)


@cli.command("samba-apply")
@_CONFIG
@cli_samba.SMB_CONF
@cli_samba.LEGACY_CONF
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def samba_apply(config_path: Path, smb_conf: Path, legacy_conf: Path, dry_run: bool) -> int:  # noqa: FBT001
    """Install smb.conf, make the accounts, and have Samba use them. Needs root."""
    loaded = _load(config_path)
    for warning in _warnings(loaded):
        click.echo(f"warning: {warning}", err=True)
    return cli_samba.apply(loaded, config_path.absolute(), smb_conf, legacy_conf, is_dry=dry_run)


def _with_journal(config_path: Path, show: "Callable[[Loaded, Journal, Traffic, Console], int]") -> int:
    from rich.console import Console

    from gateway.operate.records import NothingYetError, reading
    from gateway.spool.database import JournalError

    loaded = _load(config_path)
    console = Console(highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())
    try:
        with reading(loaded.config.gateway.state) as (journal, traffic):
            return show(loaded, journal, traffic, console)
    except (NothingYetError, JournalError) as error:
        _fail(Exit.LOCAL, str(error))


@cli.command()
@_CONFIG
@_JSON
def status(config_path: Path, is_json: bool) -> int:  # noqa: FBT001  click passes flags so
    """Show the state of the box; exit code 1 when something needs a person."""

    def show(loaded: "Loaded", journal: "Journal", traffic: "Traffic", console: "Console") -> int:
        from gateway.arrive import place
        from gateway.operate import status as state

        seen = state.look(loaded.config, journal, traffic, tuple(place.warnings(loaded.config)))
        state.show(seen, console, is_json=is_json)
        return Exit.NOT_ALL if seen.needs_person else Exit.OK

    return _with_journal(config_path, show)


@cli.command()
@_CONFIG
@_JSON
def queue(config_path: Path, is_json: bool) -> int:  # noqa: FBT001  click passes flags so
    """List the scans that wait, and the failed ones."""

    def show(_loaded: "Loaded", journal: "Journal", _traffic: "Traffic", console: "Console") -> int:
        from gateway.operate.queue import show_queue

        show_queue(journal, console, is_json=is_json)
        return Exit.OK

    return _with_journal(config_path, show)


@cli.command("show")
@click.argument("job")
@_CONFIG
@_JSON
def show_one(job: str, config_path: Path, is_json: bool) -> int:  # noqa: FBT001  click passes flags so
    """Show everything known of one scan."""

    def show(_loaded: "Loaded", journal: "Journal", _traffic: "Traffic", console: "Console") -> int:
        from gateway.operate.queue import show_job

        if not show_job(journal, job, console, is_json=is_json):
            _fail(Exit.UNKNOWN_JOB, f"there is no job {job}; scangate queue lists them")
        return Exit.OK

    return _with_journal(config_path, show)
