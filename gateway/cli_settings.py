"""What most commands begin with: the configuration from its file, or every mistake in it and an exit code."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from gateway.operate.exits import Exit

if TYPE_CHECKING:
    from conf.loaded import Loaded, Mistakes

CONFIG = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("/etc/scangate/gateway.toml"),
    show_default=True,
    help="The TOML file.",
)
JSON = click.option("--json", "is_json", is_flag=True, help="Print JSON.")


def fail(code: Exit, sentence: str) -> NoReturn:
    """End the command with a sentence and an exit code."""
    click.echo(f"scangate: {sentence}", err=True)
    sys.exit(code)


def load(path: Path) -> "Loaded":
    """Return the configuration, or print every mistake and exit."""
    from conf.load import load

    return right(load(path, os.environ))


def right(found: "Loaded | Mistakes") -> "Loaded":
    """Return a configuration without mistakes, or print every mistake and exit."""
    from conf.loaded import Mistakes

    match found:
        case Mistakes(mistakes):
            for mistake in mistakes:
                click.echo(str(mistake), err=True)
            sys.exit(Exit.CONFIG)
        case loaded:
            return loaded


def warnings(loaded: "Loaded") -> list[str]:
    """What is no mistake, and yet not as it was meant: also folders on remote mounts, and tools this box has not."""
    from datetime import UTC, datetime

    from gateway.arrive import lan_tls, place
    from gateway.deliver import dkim_sign, expiry
    from gateway.deliver.expiries import expiries, without_sign_in
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
    expiring += without_sign_in(loaded.config)
    lack = [f"[pdf] {asked}: {lacking}; until then scans are delivered without"] if lacking else []
    return [
        *map(str, loaded.warnings),
        *place.warnings(loaded.config),
        *expiring,
        *lack,
        *dkim_sign.warnings(loaded.config),
    ]
