"""What the model refuses, in the operator's words: a validation error becomes one finding a key."""

from typing import TYPE_CHECKING, Any, Final

from conf import keys, units
from conf.declare import Before, Declared, declared
from conf.finding import Finding, choice
from conf.lines import KeyPath

if TYPE_CHECKING:
    from conf.validation import Refusal, Refused

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


def findings(refused: "Refused") -> tuple[Finding, ...]:
    """Return one finding for each mistake the model has found, in the model's order.

    What follows from another mistake is left out: a list whose only item is wrong is not also too short.
    """
    places = {refusal.at for refusal in refused.refusals}
    return tuple(_finding(refusal) for refusal in refused.refusals if not _follows(refusal, places))


def _follows(refusal: "Refusal", places: set[KeyPath]) -> bool:
    own = refusal.at
    return refusal.kind == "too_short" and any(len(place) > len(own) and place[: len(own)] == own for place in places)


def _finding(refusal: "Refusal") -> Finding:
    loc = refusal.at
    if refusal.kind in {"union_tag_invalid", "union_tag_not_found"}:
        return Finding((*loc, "method"), _method_sentence(refusal))
    method = None
    if loc[0] == "upstream" and len(loc) > _TAG_PLACE:
        method = str(loc[_TAG_PLACE])
        loc = loc[:_TAG_PLACE] + loc[_TAG_PLACE + 1 :]
    if refusal.kind == "unexpected_keyword_argument":
        return Finding(loc, _unknown_sentence(loc, method))
    return Finding(loc, _sentence(refusal, loc, _field(loc, method)))


def _method_sentence(refusal: "Refusal") -> str:
    methods = tuple(keys.methods())
    must = f"must be {choice(methods)} (in this order recommended; maildir sends nothing)"
    if refusal.kind == "union_tag_not_found":
        return f"is missing: it {must}"
    near = keys.nearest(str(refusal.context["tag"]), methods)
    return must + (f'; did you mean "{near}"?' if near else "")


def _unknown_sentence(loc: KeyPath, method: str | None) -> str:
    written = str(loc[-1])
    if len(loc) == 1:
        near = keys.nearest(written, keys.TABLES)
        known = ", ".join(keys.heading(table) for table in keys.TABLES)
        return "is not known" + (f"; did you mean {keys.heading(near)}?" if near else f"; the tables are {known}")
    table = str(loc[0])
    own = keys.methods()[method] if method else keys.models(table)[0]
    others = tuple(name for name, model in keys.methods().items() if method and written in declared(model))
    if others:
        return f'is not a key of method "{method}"; {choice(others, "and")} {"has" if len(others) == 1 else "have"} it'
    where = f'method "{method}"' if method else keys.heading(table)
    near = keys.nearest(written, declared(own))
    hint = f'did you mean "{near}"?' if near else f"its keys are {', '.join(declared(own))}"
    return f"is not a key of {where}; {hint}"


def _field(loc: KeyPath, method: str | None) -> Declared | None:
    names = [part for part in loc if isinstance(part, str)]
    if len(names) != _TABLE_AND_KEY:
        return None
    table, key = names
    model = keys.methods()[method] if method else keys.models(table)[0]
    return declared(model).get(key)


def _sentence(refusal: "Refusal", loc: KeyPath, field: Declared | None) -> str:
    kind = refusal.kind
    if kind == "value_error":
        return str(refusal.context["error"])
    if kind == "missing" or (kind == "too_short" and field is None):
        return _missing_sentence(loc, field)
    if field is None and kind in {"dataclass_type", "model_attributes_type", "tuple_type"}:
        return f"must be a table under the header {keys.heading(str(loc[0]))}"
    return _WRONG_TYPE.get(kind) or _limit_sentence(kind, field) or UNEXPLAINED


def _limit_sentence(kind: str, field: Declared | None) -> str | None:
    if field is None:
        return None
    match kind:
        case "literal_error":
            return f"must be {choice(keys.allowed(field))}"
        case "greater_than_equal" | "less_than_equal":
            return _range_sentence(field)
        case "too_long":
            return f"must have at most {field.limit('max_length')} items"
        case "string_too_long":
            return f"must have at most {field.limit('max_length')} characters"
        case _:
            return None


def _missing_sentence(loc: KeyPath, field: Declared | None) -> str:
    if field is not None:
        return f"is missing: {field.description}"
    table = str(loc[0])
    if keys.is_array(table):
        return f'is missing: add at least one {keys.heading(table)}, best with method = "client-auth"'
    needed = [key for key, info in declared(keys.models(table)[0]).items() if info.is_required]
    return f"is missing: add {keys.heading(table)} with {' and '.join(needed)}"


def _range_sentence(field: Declared) -> str:
    least, most = field.limit("ge"), field.limit("le")
    if most is None:
        return f"must be {written(field, least)} or more"
    return f"must be {written(field, least)} to {written(field, most)}"


def written(field: Declared, number: Any) -> str:
    """Return a number as its key has it in the file: ``5m``, ``25 MB``, ``80``."""
    if is_read_by(field, units.seconds):
        return units.written_seconds(number)
    if is_read_by(field, units.size_bytes):
        return units.written_bytes(number)
    return str(number)


def is_read_by(field: Declared, reader: object) -> bool:
    """Tell whether a field's values are read by this function, such as ``units.seconds``."""
    return any(isinstance(step, Before) and step.read is reader for step in field.steps)
