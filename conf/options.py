"""The settings of ``[pdf]`` given one by one, as on a command line, over those of a configuration."""

from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from conf import sentences
from conf.overlay import typed
from conf.pdf import Pdf

_TABLE = "pdf"


def overridden(pdf: Pdf, options: Mapping[str, str | bool]) -> Pdf | tuple[str, ...]:
    """Return ``pdf`` with ``options`` over it (key to value as written, lists with commas), or a sentence a mistake."""
    given = {key: typed(_TABLE, key, value) if isinstance(value, str) else value for key, value in options.items()}
    try:
        checked = TypeAdapter(dict[str, Pdf]).validate_python({_TABLE: given})[_TABLE]
    except ValidationError as error:
        found = sentences.findings(error)
        return tuple(f"--{str(one.at[1]).replace('_', '-')} {one.what}" for one in found)
    return pdf.model_copy(update={key: getattr(checked, key) for key in given})
