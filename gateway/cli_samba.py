"""``scangate samba-config`` and ``scangate samba-apply``: arguments to calls, outcomes to lines and exit codes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.operate.exits import Exit

if TYPE_CHECKING:
    from conf.load import Loaded
    from gateway.operate.samba_apply import Report

SMB_CONF = click.option(
    "--smb-conf",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("/etc/samba/smb.conf"),
    show_default=True,
    help="The file of the main server.",
)
LEGACY_CONF = click.option(
    "--legacy-conf",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("/etc/samba/scangate-legacy.conf"),
    show_default=True,
    help="The file of the second server, for shares with legacy_smb1.",
)


def print_config(loaded: "Loaded", source: Path, *, is_legacy: bool) -> int:
    """Print the smb.conf of one server; exit code CONFIG with a sentence when it cannot be drawn."""
    from gateway.operate.samba_files import Paths, text
    from gateway.operate.samba_owner import SiteError
    from hotfolder.samba import Server, served

    server = Server.LEGACY if is_legacy else Server.MAIN
    if is_legacy and not served(loaded.config, server):
        click.echo("scangate: no share has legacy_smb1, so there is no second server", err=True)
        return Exit.CONFIG
    if not any(share.user for share in loaded.config.share):
        click.echo(
            "scangate: no share has a user: set one, its password_file and clients; see scangate check", err=True
        )
        return Exit.CONFIG
    try:
        click.echo(text(loaded.config, server, Paths(), source), nl=False)
    except SiteError as error:
        click.echo(str(error), err=True)
        return Exit.CONFIG
    return Exit.OK


def apply(loaded: "Loaded", source: Path, smb_conf: Path, legacy_conf: Path, *, is_dry: bool) -> int:
    """Install it, print what was done; NOT_ALL when something is left for a person, LOCAL when it could not go on."""
    from gateway.operate.samba_apply import ApplyError, Report
    from gateway.operate.samba_apply import apply as apply_all
    from gateway.operate.samba_files import Paths
    from gateway.operate.samba_owner import SiteError
    from gateway.operate.samba_tools import ToolError

    report = Report()
    try:
        apply_all(loaded.config, source, Paths(smb_conf.absolute(), legacy_conf.absolute()), report, is_dry=is_dry)
    except SiteError as error:
        click.echo(str(error), err=True)
        return Exit.CONFIG
    except (ApplyError, ToolError) as error:
        click.echo(f"scangate: {error}", err=True)
        return Exit.LOCAL
    finally:
        _print(report, is_dry=is_dry)
    if not report.done:
        click.echo("nothing to change" if is_dry else "nothing changed")
    return Exit.NOT_ALL if report.left else Exit.OK


def _print(report: "Report", *, is_dry: bool) -> None:
    for sentence in report.notes:
        click.echo(f"note: {sentence}", err=True)
    for sentence in report.done:
        click.echo(f"would have {sentence}" if is_dry else sentence)
    for sentence in report.left:
        click.echo(f"to do: {sentence}", err=True)
