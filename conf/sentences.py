"""What the model refuses, in the operator's words: a validation error becomes one finding a key."""

from typing import Any, Final

from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from conf import keys, units
from conf.finding import Finding, choice
from conf.lines import KeyPath

_TAG_PLACE: Final = 2  # ("upstream", 0, "client-auth", "port"): the method stands between index and key
_TABLE_AND_KEY: Final = 2  # ("pdf", "pages"), indices left out

_WRONG_TYPE: Final = {
    "string_type": "must be a string in quotes",
    "path_type": "must be a path in quotes",
    "int_type": "must be a whole number without quotes",
    "bool_type": "must be true or false, without quotes",
    "tuple_type": "must be a list in [ ]",
    "too_short": "must have at least one item",
}
UNEXPLAINED: Final = "has a value that is not allowed"
"""What is said of a refusal this module has no sentence for; a test holds that the models cause none."""


def findings(error: ValidationError) -> tuple[Finding, ...]:
    """Return one finding for each mistake the model has found, in the model's order.

    What follows from another mistake is left out: a list whose only item is wrong is not also too short, and a default
    that another key decides is not missed.
    """
    details = error.errors(include_url=False, include_input=False)
    places = {tuple(detail["loc"]) for detail in details}
    return tuple(_finding(detail) for detail in details if not _follows(detail, places))


def _follows(detail: ErrorDetails, places: set[tuple[int | str, ...]]) -> bool:
    own = tuple(detail["loc"])
    if detail["type"] == "default_factory_not_called":
        return True
    return detail["type"] == "too_short" and any(len(place) > len(own) and place[: len(own)] == own for place in places)


def _finding(detail: ErrorDetails) -> Finding:
    loc: KeyPath = tuple(detail["loc"])
    if detail["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return Finding((*loc, "method"), _method_sentence(detail))
    method = None
    if loc[0] == "upstream" and len(loc) > _TAG_PLACE:
        method = str(loc[_TAG_PLACE])
        loc = loc[:_TAG_PLACE] + loc[_TAG_PLACE + 1 :]
    if detail["type"] == "extra_forbidden":
        return Finding(loc, _unknown_sentence(loc, method))
    return Finding(loc, _sentence(detail, loc, _field(loc, method)))


def _method_sentence(detail: ErrorDetails) -> str:
    methods = tuple(keys.methods())
    must = f"must be {choice(methods)} (in this order recommended; maildir sends nothing)"
    if detail["type"] == "union_tag_not_found":
        return f"is missing: it {must}"
    near = keys.nearest(str(detail["ctx"]["tag"]), methods)
    return must + (f'; did you mean "{near}"?' if near else "")


def _unknown_sentence(loc: KeyPath, method: str | None) -> str:
    written = str(loc[-1])
    if len(loc) == 1:
        near = keys.nearest(written, keys.TABLES)
        known = ", ".join(keys.heading(table) for table in keys.TABLES)
        return "is not known" + (f"; did you mean {keys.heading(near)}?" if near else f"; the tables are {known}")
    table = str(loc[0])
    own = keys.methods()[method] if method else keys.models(table)[0]
    others = tuple(name for name, model in keys.methods().items() if method and written in model.model_fields)
    if others:
        return f'is not a key of method "{method}"; {choice(others, "and")} {"has" if len(others) == 1 else "have"} it'
    where = f'method "{method}"' if method else keys.heading(table)
    near = keys.nearest(written, own.model_fields)
    hint = f'did you mean "{near}"?' if near else f"its keys are {', '.join(own.model_fields)}"
    return f"is not a key of {where}; {hint}"


def _field(loc: KeyPath, method: str | None) -> FieldInfo | None:
    names = [part for part in loc if isinstance(part, str)]
    if len(names) != _TABLE_AND_KEY:
        return None
    table, key = names
    model: type[BaseModel] = keys.methods()[method] if method else keys.models(table)[0]
    return model.model_fields.get(key)


def _sentence(detail: ErrorDetails, loc: KeyPath, field: FieldInfo | None) -> str:
    kind = detail["type"]
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind == "missing" or (kind == "too_short" and field is None):
        return _missing_sentence(loc, field)
    if field is None and kind in {"model_type", "model_attributes_type", "tuple_type"}:
        return f"must be a table under the header {keys.heading(str(loc[0]))}"
    return _WRONG_TYPE.get(kind) or _limit_sentence(kind, field) or UNEXPLAINED


def _limit_sentence(kind: str, field: FieldInfo | None) -> str | None:
    if field is None:
        return None
    match kind:
        case "literal_error":
            return f"must be {choice(keys.allowed(field))}"
        case "greater_than_equal" | "less_than_equal":
            return _range_sentence(field)
        case "too_long":
            return f"must have at most {_limit(field, 'max_length')} items"
        case "string_too_long":
            return f"must have at most {_limit(field, 'max_length')} characters"
        case _:
            return None


def _missing_sentence(loc: KeyPath, field: FieldInfo | None) -> str:
    if field is not None:
        return f"is missing: {field.description}"
    table = str(loc[0])
    if keys.is_array(table):
        return f'is missing: add at least one {keys.heading(table)}, best with method = "client-auth"'
    needed = [key for key, info in keys.models(table)[0].model_fields.items() if info.is_required()]
    return f"is missing: add {keys.heading(table)} with {' and '.join(needed)}"


def _range_sentence(field: FieldInfo) -> str:
    least, most = _limit(field, "ge"), _limit(field, "le")
    if most is None:
        return f"must be {written(field, least)} or more"
    return f"must be {written(field, least)} to {written(field, most)}"


def _limit(field: FieldInfo, name: str) -> Any:
    """Return the limit of this name (``ge``, ``le``, ``max_length``: annotated-types), None when there is none."""
    return next((getattr(limit, name) for limit in field.metadata if hasattr(limit, name)), None)


def written(field: FieldInfo, number: Any) -> str:
    """Return a number as its key has it in the file: ``5m``, ``25 MB``, ``80``."""
    if is_read_by(field, units.seconds):
        return units.written_seconds(number)
    if is_read_by(field, units.size_bytes):
        return units.written_bytes(number)
    return str(number)


def is_read_by(field: FieldInfo, reader: object) -> bool:
    """Tell whether a field's values are read by this function, such as ``units.seconds``."""
    return any(isinstance(step, BeforeValidator) and step.func is reader for step in field.metadata)
