"""The command ``convert``: the service's own converter, with every setting of ``[pdf]`` as an option."""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from conf import keys
from conf.pdf import Pdf
from gateway.operate.exits import Exit

if TYPE_CHECKING:
    from image.document import Document
    from image.make import Order

_MEMORY_BYTES = 1_000_000_000
"""On the machine of a person who waits, unless ``--memory`` says otherwise."""


def options_of_pdf(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each key of ``[pdf]``: a switch, or a value as the TOML has it."""
    for key, info in reversed(Pdf.model_fields.items()):
        described = info.description or ""
        name, text = key.replace("_", "-"), f"{described[:1].upper()}{described[1:]}."
        if keys.is_of(info, bool):
            option = click.option(f"--{name}/--no-{name}", key, default=None, help=text)
        else:
            option = click.option(f"--{name}", key, metavar="VALUE", default=None, help=text)
        command = option(command)
    return command


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The PDF to write."
)
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="A TOML file whose [pdf] applies.")
@click.option("--title", default="", help="The title that stands in the PDF.")
@click.option("--keep-order", is_flag=True, help="As given, even if the names differ only in numbers.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@options_of_pdf
def convert(
    sources: tuple[Path, ...],
    output: Path,
    config_path: Path | None,
    title: str,
    keep_order: bool,  # noqa: FBT001  click passes flags so
    is_json: bool,  # noqa: FBT001  the same
    **options: str | bool | None,
) -> int:
    """Make one PDF of scan files.

    Files whose names differ only in numbers are put in the order of these. With --mail-limit the PDF is reduced or
    split to fit a mail of that size; parts are written as OUTPUT-1.pdf, OUTPUT-2.pdf and so on.
    """
    from image.errors import ScanError

    pdf = _settings(config_path, {key: value for key, value in options.items() if value is not None})
    if not output.parent.is_dir():
        _fail(Exit.LOCAL, f"{output.parent} is not a folder; name one that exists")
    ordered = sources if keep_order else _ordered(sources)
    order = _order(pdf, title, is_limited=config_path is not None or options["mail_limit"] is not None)
    if options["memory"] is None and config_path is None:
        order = replace(order, memory_bytes=_MEMORY_BYTES)
    try:
        document, written = _made(ordered, output, order)
    except ScanError as error:
        if is_json:
            click.echo(json.dumps({"output": None, "fault": error.fault.value, "sentence": error.sentence}))
        _fail(Exit.REJECTED, error.sentence)
    _tell(document, written, is_json=is_json)
    return Exit.OK


def _settings(config_path: Path | None, options: Mapping[str, str | bool]) -> Pdf:
    from conf.load import Mistakes, load
    from conf.options import overridden

    pdf = Pdf()
    if config_path is not None:
        match load(config_path, os.environ):
            case Mistakes(mistakes):
                for mistake in mistakes:
                    click.echo(str(mistake), err=True)
                sys.exit(Exit.CONFIG)
            case loaded:
                pdf = loaded.config.pdf
    match overridden(pdf, options):
        case Pdf() as settings:
            return settings
        case mistaken:
            raise click.UsageError("; ".join(mistaken))


def _order(pdf: Pdf, title: str, *, is_limited: bool) -> "Order":
    from gateway.normalise.settings import order_of

    return order_of(pdf, title, is_limited=is_limited)


def _ordered(sources: tuple[Path, ...]) -> tuple[Path, ...]:
    from image.order import page_order

    return tuple(sources[place] for place in page_order([path.name for path in sources]))


def _made(sources: tuple[Path, ...], output: Path, order: "Order") -> "tuple[Document, list[Path]]":
    """Convert beside the output, then put the PDF, or its parts, in place; an older output stays when this fails."""
    from image.make import make

    draft = output.with_name(f".{output.name}.{os.getpid()}.part")
    made_at = datetime.fromtimestamp(int(datetime.now(UTC).timestamp()), UTC)
    try:
        with _progress() as progress:
            document = asyncio.run(make(sources, draft, made_at, order, progress))
        if not document.parts:
            draft.replace(output)
            return document, [output]
        written = [output.with_stem(f"{output.stem}-{number}") for number in range(1, len(document.parts) + 1)]
        for part, place in zip(document.parts, written, strict=True):
            part.path.replace(place)
        return document, written
    finally:
        for leftover in output.parent.glob(f"{draft.name}*"):
            leftover.unlink(missing_ok=True)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar of the pages done, on a terminal; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("pages"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("pages", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _tell(document: "Document", written: list[Path], *, is_json: bool) -> None:
    if is_json:
        told = asdict(document)
        digests = [_sha256(path) for path in written]
        outputs = [
            {**asdict(part), "path": str(path), "sha256": digest}
            for part, path, digest in zip(document.parts, written, digests, strict=False)
        ]
        told |= {"path": None, "output": str(written[0]), "sha256": digests[0], "parts": outputs}
        click.echo(json.dumps(told))
        return
    count = len(document.pages)
    if document.parts:
        for part, path in zip(document.parts, written, strict=True):
            last = part.first_page + part.page_count - 1
            click.echo(f"{path}: pages {part.first_page} to {last} of {count}, {part.size_bytes} bytes")
    else:
        click.echo(f"{written[0]}: {count} page{'' if count == 1 else 's'}, {document.size_bytes} bytes")
    for note in document.notes:
        click.echo(f"note: {note}")
    if document.plain_because:
        click.echo(f"note: This is no PDF/A: {document.plain_because}.")


def _sha256(path: Path) -> str:
    """The digest of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fail(code: Exit, sentence: str) -> NoReturn:
    click.echo(f"scangate: {sentence}", err=True)
    sys.exit(code)
