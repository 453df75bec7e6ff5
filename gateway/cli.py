"""The command line: arguments to calls, errors to sentences and exit codes.

What a command needs is imported when it runs, so that ``scangate status`` does not wait for the service's libraries.
"""

import asyncio
import sqlite3
import sys
import traceback
from pathlib import Path
from typing import NoReturn

import click

from gateway import __version__, cli_login, cli_samba, cli_tenant
from gateway.cli_explain import explain
from gateway.cli_queue import COMMANDS
from gateway.cli_settings import CONFIG, JSON, fail, load, right, warnings
from gateway.operate.exits import Exit


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
        fail(Exit.LOCAL, _local_sentence(error))
    except Exception:  # noqa: BLE001  the last catch: a fault of ours is shown whole, with a code of its own
        traceback.print_exc()
        sys.exit(Exit.BUG)
    sys.exit(code if isinstance(code, int) else Exit.OK)


def _local_sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


@cli.command()
@CONFIG
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
        loaded = right(apart.ended(reading))
    except apart.ReadingError as error:
        fail(Exit.START, str(error))
    configure(loaded.config.log.format)
    for warning in [*warnings(loaded), *faults_of_owners(loaded.config)]:
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
        fail(Exit.START, str(error))
    except BaseExceptionGroup as group:
        damaged = group.subgroup(JournalError)
        if damaged is None:
            raise
        fail(Exit.LOCAL, f"{damaged.exceptions[0]}; start again: it is then made anew from the spool")
    return Exit.OK if is_all else Exit.NOT_ALL


def _why(reason: str) -> str:
    return f" ({reason})" if reason else ""


@cli.command()
@CONFIG
def check(config_path: Path) -> int:
    """Check the configuration: every mistake at once, as file:line: key: what is wrong, what is allowed."""
    from gateway.arrive import lan_tls, place
    from gateway.deliver import dkim_sign
    from gateway.operate.samba_owner import faults_of_owners

    loaded = load(config_path)
    for warning in warnings(loaded):
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
for _command in COMMANDS:
    cli.add_command(_command)


@cli.command()
@CONFIG
@click.option("--upstream", "name", help="Which one, when several want a sign-in.")
def login(config_path: Path, name: str | None) -> int:
    """Sign in as the mailbox, by a code, for an upstream with auth = "oauth-device"."""
    return cli_login.login(load(config_path), name)


@cli.command("samba-config")
@CONFIG
@click.option("--legacy", is_flag=True, help="That of the second server, for shares with legacy_smb1.")
def samba_config(config_path: Path, legacy: bool) -> int:  # noqa: FBT001  click passes flags so
    """Print the smb.conf of the shares that have a user."""
    return cli_samba.print_config(load(config_path), config_path.absolute(), is_legacy=legacy)


@cli.command("samba-apply")
@CONFIG
@cli_samba.SMB_CONF
@cli_samba.LEGACY_CONF
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def samba_apply(config_path: Path, smb_conf: Path, legacy_conf: Path, dry_run: bool) -> int:  # noqa: FBT001
    """Install smb.conf, make the accounts, and have Samba use them. Needs root."""
    loaded = load(config_path)
    for warning in warnings(loaded):
        click.echo(f"warning: {warning}", err=True)
    return cli_samba.apply(loaded, config_path.absolute(), smb_conf, legacy_conf, is_dry=dry_run)


@cli.command()
@CONFIG
@cli_tenant.METHOD
@cli_tenant.PUBLIC_IP
@cli_tenant.OFFLINE
@cli_tenant.OUTPUT
@cli_tenant.RESOLVER
@JSON
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
    config = load(config_path).config
    return cli_tenant.tenant(config, method, public_ip, resolver, output, is_offline=offline, is_json=is_json)
