"""The configuration from its file and the environment: whole and checked, or every mistake in it.

Later wins, key by key: defaults, file, environment. Read once, frozen, passed as arguments.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import tomli

from conf import sentences
from conf.check import Tables, check
from conf.declare import declared
from conf.files import SECRET_TABLES, resolve
from conf.finding import Finding, Mistake, key_text
from conf.lines import KeyPath, locate
from conf.loaded import Loaded, Mistakes
from conf.model import Config
from conf.overlay import TWINS, Overlaid, overlay, rooted, tables_in, variable_name
from conf.source import Source, read_source
from conf.validation import Refused, validated

__all__ = ["Loaded", "Mistake", "Mistakes", "load"]

ENVIRONMENT: Final = "environment"
"""What stands for the file in a mistake of an environment variable."""

_PLAIN_WORDS: Final = {
    "Invalid value": "a value must be a string in quotes, a number, true, false, a list or a table",
    "Cannot overwrite a value": "this key stands twice",
    "Cannot declare": "this header stands twice; several of one kind are written with double brackets, [[share]]",
    "Unescaped": "a backslash in double quotes must be doubled; or use single quotes",
}
"""What the parser's commonest complaints mean (tomli 2.5, by how its message begins)."""


def load(path: Path | None, environ: Mapping[str, str]) -> Loaded | Mistakes:
    """Read and check the configuration; ``path`` is the TOML file, None for the environment alone.

    Secrets are in their place afterwards: ``password`` and ``client_secret`` of an upstream, ``password`` of a share
    hold the value, whether it came from the file, from a file it names, from a systemd credential or from the
    environment. Paths are absolute.
    Never raises for what the file, the environment or the disk holds.
    """
    source = read_source(path)
    if isinstance(source, Mistake):
        return Mistakes((source,))
    written = _parsed(source)
    if isinstance(written, Mistake):
        return Mistakes((written,))
    overlaid = overlay(written, environ)
    resolved = resolve(rooted(overlaid.values, source.folder), environ)
    config, refused = _validated(resolved.values)
    rules = check(_tables(config, resolved.values, refused))
    found = (*refused, *resolved.findings, *_inline_secrets(written, source), *rules)
    placed = list(_placed(found, source, overlaid))
    mistakes = tuple(mistake for mistake, is_warning in placed if not is_warning)
    if config is None or mistakes:
        return Mistakes(mistakes)
    return Loaded(config, tuple(str(warning) for warning, _ in placed))


def _parsed(source: Source) -> dict[str, Any] | Mistake:
    try:
        return tomli.loads(source.text)
    except tomli.TOMLDecodeError as error:
        plain = next((words for begin, words in _PLAIN_WORDS.items() if error.msg.startswith(begin)), error.msg)
        return Mistake(source.name, error.lineno, "", f"is not TOML at column {error.colno}: {plain}")
    except (ValueError, RecursionError):  # int() refuses thousands of digits
        return Mistake(source.name, None, "", "is not a configuration: a number or a key in it is absurdly long")


def _validated(values: Mapping[str, Any]) -> tuple[Config | None, tuple[Finding, ...]]:
    found = validated(Config, values)
    return (None, sentences.findings(found)) if isinstance(found, Refused) else (found, ())


def _tables(config: Config | None, values: Mapping[str, Any], found: Iterable[Finding]) -> Tables:
    """Return the tables rules across tables may look at: all, or those in which the model has found nothing."""
    if config is not None:
        return Tables(**{field.name: getattr(config, field.name) for field in fields(Tables)})
    wrong = {finding.at[0] for finding in found}

    def table(name: str) -> Any:
        if name in wrong:
            return None
        about = declared(Config)[name]
        return validated(about.annotation, values[name]) if name in values else about.default

    return Tables(**{field.name: table(field.name) for field in fields(Tables)})


def _inline_secrets(written: Mapping[str, Any], source: Source) -> Iterator[Finding]:
    if not source.is_open_to_all:
        return
    for table in SECRET_TABLES:
        for index, settings in enumerate(tables_in(written.get(table))):
            for file_key, key in TWINS.items():
                if key in settings:
                    what = f"stands in a file that everyone on the box may read: chmod 600 it, or use {file_key}"
                    yield Finding((table, index, key), what, is_warning=True)


def _placed(found: Iterable[Finding], source: Source, overlaid: Overlaid) -> Iterator[tuple[Mistake, bool]]:
    """Give each finding its line, or its variable; the file's come first, by line."""
    lines = locate(source.text)
    placed = [(_place(finding, source.name, lines, overlaid), finding.is_warning) for finding in found]
    yield from sorted(placed, key=lambda each: (each[0].file == ENVIRONMENT, each[0].line or 0))
    for finding in overlaid.findings:
        yield Mistake(ENVIRONMENT, None, str(finding.at[0]), finding.what), finding.is_warning


def _place(finding: Finding, name: str, lines: Mapping[KeyPath, int], overlaid: Overlaid) -> Mistake:
    """Return the finding at the line of its key, or of the nearest thing around it that stands in the file."""
    for length in range(len(finding.at), 0, -1):
        around = finding.at[:length]
        if around in overlaid.from_environment:
            return Mistake(ENVIRONMENT, None, variable_name(finding.at), finding.what)
        if around in lines:
            return Mistake(name, lines[around], key_text(finding.at), finding.what)
    return Mistake(name, None, key_text(finding.at), finding.what)
