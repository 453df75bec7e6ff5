"""The command ``explain``: what a reply of Office 365 means, and what to do."""

import json
import sys

import click

from gateway.operate.exits import Exit
from gateway.spool.reply import Phase


@click.command()
@click.argument("reply", nargs=-1)
@click.option(
    "--phase", type=click.Choice([one.value for one in Phase]), help="The step of the dialogue that it answers."
)
@click.option("--all", "is_all", is_flag=True, help="List the whole catalogue.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def explain(reply: tuple[str, ...], phase: str | None, is_all: bool, is_json: bool) -> int:  # noqa: FBT001
    """Say what a reply of Office 365 means, what scangate does, and what to do.

    REPLY is the text as a log, a bounce or a printer shows it, in any length, or the reply= of a line of the log; -
    reads it from standard input. Needs no configuration.
    """
    from gateway.deliver.catalogue import CatalogueError, catalogue

    if is_all == bool(reply):
        raise click.UsageError(
            'Give a reply, as in: scangate explain "535 5.7.139 Authentication unsuccessful"; or --all.'
        )
    try:
        known = catalogue()
    except CatalogueError as error:
        click.echo(f"scangate: {error}", err=True)
        return Exit.BUG
    from gateway.operate import explain as state

    if is_all:
        every = [state.Meaning(entry, entry.phases, entry.scope, entry.retry) for entry in known.entries]
        listed = (
            json.dumps([state.as_json(known, one) for one in every]) if is_json else "\n".join(state.listing(known))
        )
        click.echo(listed)
        return Exit.OK
    text = sys.stdin.buffer.read(state.LONGEST_CHARS).decode("utf-8", "replace") if reply == ("-",) else " ".join(reply)
    explained = state.explain(known, text.encode("utf-8", "replace").decode(), None if phase is None else Phase(phase))
    if explained is None:
        raise click.UsageError(
            "There is no reply of a mail server in it, such as 550 5.1.1. What scangate itself says has its advice "
            "beside it."
        )
    if is_json:
        meanings = [state.as_json(known, one) for one in explained.meanings]
        click.echo(json.dumps({"reply": explained.said, "meanings": meanings}))
    else:
        click.echo("\n".join(state.lines(known, explained)))
    return Exit.OK
