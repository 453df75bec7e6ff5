"""``scangate tenant``: arguments to calls, outcomes to lines and exit codes."""

import json
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from gateway.operate.exits import Exit

if TYPE_CHECKING:
    from conf.model import Config
    from gateway.operate.tenant import Known, Method

METHOD = click.option(
    "--method",
    type=click.Choice(["client-auth", "high-volume", "direct-send", "relay"]),
    help="For this method, whether or not it is configured.",
)
PUBLIC_IP = click.option("--public-ip", help="The address this site has in the internet.")
OFFLINE = click.option("--offline", is_flag=True, help="Ask no name server.")
OUTPUT = click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file (.ps1).")
RESOLVER = click.option("--resolver", hidden=True, help="Ask this name server: ADDRESS:PORT.")


def tenant(
    config: "Config",
    method: str | None,
    public_ip: str | None,
    resolver: str | None,
    output: Path | None,
    *,
    is_offline: bool,
    is_json: bool,
) -> int:
    """Print or write what the tenant's admin has to do; warnings also go to stderr."""
    from gateway.operate.tenant import as_json, as_script, plan

    wanted = cast("Method | None", method)
    if public_ip is not None:
        _check_address(public_ip)
    made = plan(config, _known(config, wanted, public_ip, _server(resolver), is_offline=is_offline), wanted)
    if not made.sections:
        click.echo("scangate: no upstream needs a tenant; --method shows what one would need", err=True)
        return Exit.CONFIG
    text = json.dumps(as_json(made), indent=2, ensure_ascii=False) + "\n" if is_json else as_script(made)
    for warning in made.warnings:
        click.echo(f"warning: {warning}", err=True)
    if output is None:
        click.echo(text, nl=False)
        return Exit.OK
    # Windows PowerShell 5 reads a file without this mark in the code page of the machine.
    output.write_text(text, encoding="utf-8" if is_json else "utf-8-sig", newline="\n" if is_json else "\r\n")
    click.echo(f"{output}: written")
    return Exit.OK


def _check_address(text: str) -> None:
    try:
        address = ip_address(text)
    except ValueError:
        raise click.BadParameter(f"{text} is no IP address", param_hint="--public-ip") from None
    if address.is_private or address.is_loopback or address.is_multicast or address.is_unspecified:
        raise click.BadParameter(
            f"{text} is no address of the internet; ask for it at the site, for instance of its router",
            param_hint="--public-ip",
        )


def _server(resolver: str | None) -> tuple[str, int] | None:
    if resolver is None:
        return None
    address, _, port = resolver.rpartition(":")
    if not address or not port.isdigit():
        raise click.BadParameter("ADDRESS:PORT is wanted", param_hint="--resolver")
    return address.strip("[]"), int(port)


def _known(
    config: "Config",
    method: "Method | None",
    public_ip: str | None,
    server: tuple[str, int] | None,
    *,
    is_offline: bool,
) -> "Known":
    from gateway.operate.dns import look_up
    from gateway.operate.tenant import NO_IP, Known, domains_of

    asked = () if is_offline else domains_of(config, method)
    return Known(public_ip or NO_IP, _certificates(config), {domain: look_up(domain, server) for domain in asked})


def _certificates(config: "Config") -> dict[str, tuple[str, ...]]:
    """Return the names in the certificate of each relay upstream; none, with a warning, when it cannot be read."""
    from gateway.arrive import certificate
    from gateway.operate.tenant import names_wanted

    found: dict[str, tuple[str, ...]] = {}
    for upstream in names_wanted(config):
        assert upstream.certificate_file is not None
        try:
            found[upstream.name] = certificate.names(upstream.certificate_file.read_bytes())
        except (OSError, ValueError):
            click.echo(f"warning: {upstream.certificate_file} holds no certificate that can be read", err=True)
    return found
