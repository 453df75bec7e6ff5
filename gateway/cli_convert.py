"""The command ``convert``: the service's own converter, with every setting of ``[pdf]`` as an option."""

import asyncio
import errno
import hashlib
import itertools
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from conf import keys
from conf import options as settings
from conf.declare import declared
from conf.pdf import Pdf
from gateway.operate import converted
from gateway.operate.exits import Exit

if TYPE_CHECKING:
    from image.document import Document
    from image.make import Order

_MEMORY = "1 GB"
"""On the machine of a person who waits, unless ``--memory`` says otherwise."""

_LIMITING = ("mail_limit", "over_limit", "reduce_colour", "reduce_grey", "reduce_bilevel")
"""Without any of these, and without a configuration, the PDF may have any size."""


def options_of_pdf(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each key of ``[pdf]``: a switch, or a value as the TOML has it."""
    for key, info in reversed([*declared(Pdf).items()]):
        described = info.description
        name, text = key.replace("_", "-"), f"{described[:1].upper()}{described[1:]}."
        if keys.is_of(info, bool):
            shown = f"{text} [default: {'on' if info.default else 'off'}]"
            option = click.option(f"--{name}/--no-{name}", key, default=None, help=shown)
        else:
            default = {"mail_limit": "none", "memory": _MEMORY}.get(key, settings.default(key))
            shown = f"{text} [default: {default}]"
            option = click.option(f"--{name}", key, metavar=settings.form(key), default=None, help=shown)
        command = option(command)
    return command


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, readable=False),
    help="The PDF to write.",
)
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="A TOML file whose [pdf] gives the defaults."
)
@click.option("--title", default="", help="The title that stands in the PDF.")
@click.option("--keep-order", is_flag=True, help="As given, even if the names differ only in numbers.")
@click.option("--json", "is_json", is_flag=True, help="Print a report as one JSON object.")
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

    Files whose names differ only in numbers are put in the order of these. With --mail-limit (or --config) the PDF is
    reduced or split to fit a mail of that size; parts are written as OUTPUT-1.pdf, OUTPUT-2.pdf and so on. A LIST has
    commas: --languages eng,deu. A SIZE and a TIME have units: "25 MB", "90s".
    """
    from image.errors import ScanError

    pdf = _settings(config_path, {key: value for key, value in options.items() if value is not None})
    _look_at(sources, output)
    ordered = sources if keep_order else _ordered(sources)
    is_limited = config_path is not None or any(options[key] is not None for key in _LIMITING)
    order = _order(pdf, title, is_limited=is_limited)
    try:
        sizes = {path: path.stat().st_size for path in ordered}
        document, written = _made(ordered, output, order)
    except ScanError as error:
        _refuse(Exit.REJECTED, error.fault.value, error.sentence, is_json=is_json)
    except OSError as error:
        sentence = f"{output} could not be made: {error.strerror or error}"
        _refuse(Exit.LOCAL, "local", sentence, is_json=is_json)
    older = _older(document, sources, output) if is_limited else []
    if is_json:
        digests = [_sha256(one.path) for one in written]
        click.echo(json.dumps(converted.report(document, sizes, written, digests, older)))
    else:
        for line in converted.lines(document, written, older):
            click.echo(line)
    return Exit.OK


def _look_at(sources: Sequence[Path], output: Path) -> None:
    """Refuse what is no file before anything is done; a device or a pipe would be replaced by the PDF."""
    for source in sources:
        if not source.is_file():
            raise click.UsageError(f"{source} is no file")
    if not output.parent.is_dir():
        _fail(Exit.LOCAL, f"{output.parent} is not a folder; name one that exists")
    if output.exists() and not output.is_file():
        raise click.UsageError(f"{output} is no file; name one, it is written when the PDF is whole")


def _settings(config_path: Path | None, options: Mapping[str, str | bool]) -> Pdf:
    from conf.load import Mistakes, load

    pdf = Pdf()
    if config_path is None:
        options = {"memory": _MEMORY, **options}
    else:
        match load(config_path, os.environ):
            case Mistakes(mistakes):
                for mistake in mistakes:
                    click.echo(str(mistake), err=True)
                sys.exit(Exit.CONFIG)
            case loaded:
                pdf = loaded.config.pdf
    match settings.overridden(pdf, options):
        case Pdf() as wanted:
            return wanted
        case mistaken:
            raise click.UsageError("; ".join(mistaken))


def _order(pdf: Pdf, title: str, *, is_limited: bool) -> "Order":
    from gateway.normalise.settings import order_of

    return order_of(pdf, title, is_limited=is_limited)


def _ordered(sources: tuple[Path, ...]) -> tuple[Path, ...]:
    from image.order import page_order

    return tuple(sources[place] for place in page_order([path.name for path in sources]))


def _made(sources: tuple[Path, ...], output: Path, order: "Order") -> "tuple[Document, tuple[converted.Output, ...]]":
    """Convert beside the output, then put the PDF, or its parts, in place; an older output stays when this fails."""
    from image.make import make

    made_at = datetime.fromtimestamp(int(datetime.now(UTC).timestamp()), UTC)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup has it ignored
            signal.signal(number, signal.default_int_handler)  # cleans up as Ctrl-C does
    with tempfile.TemporaryDirectory(prefix=".scangate-", dir=output.parent) as folder:
        with _progress() as progress:
            document = asyncio.run(make(sources, Path(folder) / "scan.pdf", made_at, order, progress))
        written = converted.outputs(document, output)
        _spare(sources, written, output)
        made = [part.path for part in document.parts] or [document.path]
        for path, place in zip(made, written, strict=True):
            path.replace(place.path)
    return document, written


def _spare(sources: Sequence[Path], written: Sequence[converted.Output], output: Path) -> None:
    """Raise OSError when a part would replace a source; that the output does is what was asked for."""
    for place in written:
        if place.path != output and place.path.exists() and any(place.path.samefile(source) for source in sources):
            sentence = f"it takes {len(written)} parts, and one of them would replace {place.path}; name another -o"
            raise OSError(errno.EEXIST, sentence)


def _older(document: "Document", sources: Sequence[Path], output: Path) -> list[Path]:
    """What an earlier run with another number of parts has left, and might be taken for a piece of this one."""
    count = len(document.parts)
    left = [output] if document.parts and output.exists() else []
    following = (converted.numbered(output, number) for number in itertools.count(count + 1))
    return [path for path in (*left, *itertools.takewhile(Path.exists, following)) if path not in sources]


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


def _refuse(code: Exit, fault: str, sentence: str, *, is_json: bool) -> NoReturn:
    if is_json:
        click.echo(json.dumps(converted.refusal(fault, sentence)))
    _fail(code, sentence)


def _sha256(path: Path) -> str:
    """The digest of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fail(code: Exit, sentence: str) -> NoReturn:
    click.echo(f"scangate: {sentence}", err=True)
    sys.exit(code)
