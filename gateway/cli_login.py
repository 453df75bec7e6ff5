"""``scangate login``: arguments to calls, outcomes to lines and exit codes."""

from typing import TYPE_CHECKING

import click

from gateway.operate.exits import Exit

if TYPE_CHECKING:
    from conf.load import Loaded


def login(loaded: "Loaded", name: str | None) -> int:
    """Have somebody sign in; OK when the smarthost took the login, NOT_ALL when it did not or nobody signed in.

    USAGE when no upstream is meant, or no single one.
    """
    from gateway.deliver.tls import CertificateError
    from gateway.events import configure
    from gateway.operate.login import LoginError, become_owner, choose, sign_in

    configure(loaded.config.log.format)
    try:
        settings = choose(loaded.config, name)
    except LoginError as error:
        click.echo(f"scangate: {error}", err=True)
        return Exit.USAGE
    try:
        become_owner(loaded.config.gateway.state)
        is_taken = sign_in(loaded.config, settings, click.echo)
    except (LoginError, CertificateError) as error:
        click.echo(f"scangate: {error}", err=True)
        return Exit.NOT_ALL
    return Exit.OK if is_taken else Exit.NOT_ALL
