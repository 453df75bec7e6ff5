"""The settings of ``[pdf]`` given one by one, as on a command line, over those of a configuration."""

from collections.abc import Mapping
from dataclasses import replace

from conf import keys, sentences, units
from conf.declare import declared
from conf.overlay import typed
from conf.pdf import Pdf

_TABLE = "pdf"


def overridden(pdf: Pdf, options: Mapping[str, str | bool]) -> Pdf | tuple[str, ...]:
    """Return ``pdf`` with ``options`` over it (key to value as written, lists with commas), or a sentence a mistake."""
    from conf.validation import Refused, validated  # not where only the options are named

    given = {key: typed(_TABLE, key, value) if isinstance(value, str) else value for key, value in options.items()}
    checked = validated(dict[str, Pdf], {_TABLE: given})
    if isinstance(checked, Refused):
        found = sentences.findings(checked)
        return tuple(f"--{str(one.at[1]).replace('_', '-')} {one.what}" for one in found)
    return replace(pdf, **{key: getattr(checked[_TABLE], key) for key in given})


def form(key: str) -> str:
    """Return how a value of ``[pdf]`` is written, for a usage line: its words, or what kind of value it is."""
    info = declared(Pdf)[key]
    if keys.allowed(info) and not keys.is_of(info, tuple):
        return "|".join(keys.allowed(info))
    if keys.is_of(info, tuple):
        return "LIST"
    if sentences.is_read_by(info, units.seconds):
        return "TIME"
    return "SIZE" if sentences.is_read_by(info, units.size_bytes) else "NUMBER"


def default(key: str) -> str:
    """Return the default of a key of ``[pdf]`` as one writes it in an option."""
    info = declared(Pdf)[key]
    if keys.is_of(info, tuple):
        return ",".join(info.default)
    return sentences.written(info, info.default)
