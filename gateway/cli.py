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

from gateway import __version__, cli_decision, cli_login, cli_samba, cli_tenant
from gateway.cli_explain import explain
from gateway.operate.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from conf.loaded import Loaded, Mistakes
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


class _Commands(click.Group):
    """The commands. ``convert`` is imported when it is asked for: it has an option for each key of [pdf]."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "convert"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name != "convert":
            return super().get_command(ctx, cmd_name)
        from gateway.cli_convert import convert

        return convert


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
    from conf.load import load

    return _right(load(path, os.environ))


def _right(found: "Loaded | Mistakes") -> "Loaded":
    from conf.loaded import Mistakes

    match found:
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
    from gateway.deliver import dkim_sign, expiry
    from gateway.deliver.expiries import expiries
    from gateway.normalise.settings import reading_of
    from image.ocr.reading import is_wanted
    from image.ocr.tools import missing

    pdf = loaded.config.pdf
    reading = reading_of(pdf)
    lacking = missing(reading) if is_wanted(reading) else ""
    asked = ", ".join(key for key in ("rotate", "deskew", "ocr") if getattr(pdf, key))
    now = datetime.now(UTC)
    expiring = lan_tls.warnings(loaded.config.smtp, now)
    expiring += expiry.warnings(loaded.config, expiries(loaded.config), now)
    lack = [f"[pdf] {asked}: {lacking}; until then scans are delivered without"] if lacking else []
    return [
        *map(str, loaded.warnings),
        *place.warnings(loaded.config),
        *expiring,
        *lack,
        *dkim_sign.warnings(loaded.config),
    ]


@cli.command()
@_CONFIG
@click.option("--once", is_flag=True, help="Deliver what is there now, print a line for each scan, and end.")
def run(config_path: Path, once: bool) -> int:  # noqa: FBT001  click passes flags so
    """Run the service until SIGTERM or Ctrl-C."""
    from conf import apart

    reading = apart.begin(config_path)  # it takes as long as what is imported here meanwhile
    from gateway import service
    from gateway.arrive.listener import ListenError
    from gateway.deliver.tls import CertificateError
    from gateway.events import Event, configure, log
    from gateway.operate.samba_owner import faults_of_owners
    from gateway.spool.database import JournalError
    from gateway.spool.files import SpoolError
    from gateway.spool.job import State

    try:
        loaded = _right(apart.ended(reading))
    except apart.ReadingError as error:
        _fail(Exit.START, str(error))
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
    from gateway.deliver import dkim_sign
    from gateway.operate.samba_owner import faults_of_owners

    loaded = _load(config_path)
    for warning in _warnings(loaded):
        click.echo(f"warning: {warning}", err=True)
    faults = [*place.faults(loaded.config), *lan_tls.faults(loaded.config), *faults_of_owners(loaded.config)]
    faults += dkim_sign.faults(loaded.config)
    found = dict.fromkeys(faults)
    for sentence in found:
        click.echo(f"{config_path}: {sentence}", err=True)
    if found:
        return Exit.CONFIG
    click.echo(f"{config_path}: no mistakes")
    return Exit.OK


cli.add_command(explain)


@cli.command()
@_CONFIG
@click.option("--upstream", "name", help="Which one, when several want a sign-in.")
def login(config_path: Path, name: str | None) -> int:
    """Sign in as the mailbox, by a code, for an upstream with auth = "oauth-device"."""
    return cli_login.login(_load(config_path), name)


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


@cli.command()
@_CONFIG
@cli_tenant.METHOD
@cli_tenant.PUBLIC_IP
@cli_tenant.OFFLINE
@cli_tenant.OUTPUT
@cli_tenant.RESOLVER
@_JSON
def tenant(
    config_path: Path,
    method: str | None,
    public_ip: str | None,
    offline: bool,  # noqa: FBT001  click passes flags so
    output: Path | None,
    resolver: str | None,
    is_json: bool,  # noqa: FBT001  the same
) -> int:
    """Print what the admin of the Office 365 tenant has to run and to set: PowerShell, and the SPF record."""
    config = _load(config_path).config
    return cli_tenant.tenant(config, method, public_ip, resolver, output, is_offline=offline, is_json=is_json)


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

    def show(loaded: "Loaded", journal: "Journal", _traffic: "Traffic", console: "Console") -> int:
        from gateway.operate.queue import show_queue

        show_queue(journal, console, is_json=is_json, lifetime_s=loaded.config.delivery.lifetime)
        return Exit.OK

    return _with_journal(config_path, show)


@cli.command("show")
@click.argument("job")
@_CONFIG
@_JSON
def show_one(job: str, config_path: Path, is_json: bool) -> int:  # noqa: FBT001  click passes flags so
    """Show everything known of one scan."""

    def show(loaded: "Loaded", journal: "Journal", _traffic: "Traffic", console: "Console") -> int:
        from gateway.operate.queue import show_job

        if not show_job(journal, job, console, is_json=is_json, lifetime_s=loaded.config.delivery.lifetime):
            _fail(Exit.UNKNOWN_JOB, f"there is no job {job}; scangate queue lists them")
        return Exit.OK

    return _with_journal(config_path, show)


@cli.command()
@click.argument("job")
@_CONFIG
def retry(job: str, config_path: Path) -> int:
    """Send a scan again now that is held, since it may have arrived, or that waits."""
    return cli_decision.decide(_load(config_path), job, is_dropped=False)


@cli.command()
@click.argument("job")
@_CONFIG
def drop(job: str, config_path: Path) -> int:
    """End a scan that is held, since it may have arrived, or that waits; its files are kept."""
    return cli_decision.decide(_load(config_path), job, is_dropped=True)


@cli.command()
@click.argument("upstream", required=False)
@_CONFIG
def resume(upstream: str | None, config_path: Path) -> int:
    """Try an upstream that is at fault now, or all of them: when what was at fault has been mended elsewhere.

    After a change of the configuration or of a secret restart the service instead.
    """

    def ask(loaded: "Loaded", _journal: "Journal", traffic: "Traffic", console: "Console") -> int:
        from gateway.operate.resume import ask_for, unknown

        if upstream is not None and (sentence := unknown(loaded.config, upstream)):
            _fail(Exit.USAGE, sentence)
        for line in ask_for(loaded.config, traffic, upstream):
            console.print(line)
        return Exit.OK

    return _with_journal(config_path, ask)
