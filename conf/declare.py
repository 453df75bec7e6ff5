"""How a table and its keys are declared: frozen records that carry what checks them, but not the library that does.

The service holds the records for as long as it runs. pydantic reads the same declarations (``conf.validation``), in the
short-lived process that checks a configuration; so it is imported by nothing here before it asks.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Annotated, Any, Final, TypeVar, dataclass_transform, get_args, get_origin, overload

T = TypeVar("T")

_CONFIG: Final = {"extra": "forbid", "hide_input_in_errors": True}


@dataclass(frozen=True, slots=True)
class After:
    """``check`` takes a value of the right kind and returns it as it is kept, or raises ValueError."""

    check: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Return the schema, for pydantic."""
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.check, handler(source))


@dataclass(frozen=True, slots=True)
class Before:
    """``read`` makes a value of what stands in the file, or raises ValueError."""

    read: Callable[[object], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Return the schema, for pydantic."""
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(self.read, handler(source))


@dataclass(frozen=True, slots=True)
class Exactly:
    """A value of this very type: ``"25"`` and ``25.0`` are no number, ``1`` is no switch."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Return the schema, for pydantic."""
        return {**handler(source), "strict": True}


@dataclass(frozen=True, slots=True)
class Between:
    """A number from ``ge`` to ``le``, for a kind of value that many keys have; a single key has limits of its own."""

    ge: int
    le: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Return the schema, for pydantic."""
        return {**handler(source), "ge": self.ge, "le": self.le}


@dataclass(frozen=True, slots=True)
class About:
    """What a key is for, where tables share it: part of its kind, and not said again in each."""

    description: str

    def __get_pydantic_json_schema__(self, schema: Any, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Return the JSON Schema, for pydantic."""
        return {**handler(schema), "description": self.description}


@dataclass(frozen=True, slots=True)
class ToldApartBy:
    """One of several tables, told apart by the word at ``key``."""

    key: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Return the schema, for pydantic."""
        from pydantic import Field

        return handler(Annotated[source, Field(discriminator=self.key)])


@dataclass(frozen=True, slots=True)
class Rule:
    """Decorates a method of a table that looks at several keys: it raises ValueError with the sentence."""

    check: Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class _Derived:
    """Stands at a key that was not given, until the keys above it are known."""

    of: Callable[[Mapping[str, Any]], Any]


@overload
def key(
    *,
    default: T,
    description: str = ...,
    ge: float | None = ...,
    le: float | None = ...,
    min_length: int | None = ...,
    max_length: int | None = ...,
) -> T: ...


@overload
def key(
    *,
    default_factory: Callable[[Mapping[str, Any]], T],
    description: str = ...,
    ge: float | None = ...,
    le: float | None = ...,
) -> T: ...


@overload
def key(
    *,
    description: str = ...,
    ge: float | None = ...,
    le: float | None = ...,
    min_length: int | None = ...,
    max_length: int | None = ...,
) -> Any: ...


def key(
    *,
    default: Any = MISSING,
    default_factory: Callable[[Mapping[str, Any]], Any] | None = None,
    description: str = "",
    **limits: float | None,
) -> Any:
    """Declare one key: its default, what it is for, and its limits (of a number, or of a length).

    A key that has neither default nor ``default_factory`` is required. ``default_factory`` is given the keys above
    it, by name.
    """
    # pydantic knows these names in the metadata of a field.
    about = {name: limit for name, limit in limits.items() if limit is not None}
    if description:
        about["description"] = description  # type: ignore[assignment]  # a text among numbers
    if default_factory is not None:
        derived = _Derived(default_factory)
        return field(default_factory=lambda: derived, metadata=about)
    return field(default=default, metadata=about)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(key,))
def table(cls: type[T]) -> type[T]:
    """Make a frozen record of a class whose keys are declared; ``Rule`` methods hold whenever one is made.

    The values of its keys are checked by ``conf.validation`` alone, not where a record is made in Python.
    """
    rules = tuple(rule.check for rule in vars(cls).values() if isinstance(rule, Rule))

    def complete(self: Any) -> None:
        above: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, _Derived):
                value = value.of(above)
                object.__setattr__(self, one.name, value)
            above[one.name] = value
        for check in rules:
            check(self)

    cls.__post_init__ = complete  # type: ignore[attr-defined]  # the dataclass calls it
    cls.__pydantic_config__ = _CONFIG  # type: ignore[attr-defined]  # pydantic looks for it
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared of one key; ``steps`` are what checks its value, in order."""

    annotation: Any
    steps: tuple[Any, ...]
    default: Any
    """None also where there is none; ``is_required`` tells."""

    is_required: bool
    is_derived: bool
    """Other keys decide its default."""

    about: Mapping[str, Any]

    @property
    def description(self) -> str:
        """What the key is for."""
        of_kind = (step.description for step in self.steps if isinstance(step, About))
        return str(self.about.get("description", next(of_kind, "")))

    def limit(self, name: str) -> Any:
        """Return its limit of this name (``ge``, ``le``, ``min_length``, ``max_length``), None when there is none."""
        of_kind = (getattr(step, name) for step in self.steps if hasattr(step, name))
        return self.about.get(name, next(of_kind, None))


def declared(cls: type) -> Mapping[str, Declared]:
    """Return every key of a table, in the order in which they are declared."""
    return {one.name: _declared(one) for one in fields(cls)}


def _declared(one: Any) -> Declared:
    annotation, steps = one.type, ()
    if get_origin(annotation) is Annotated:
        annotation, *found = get_args(annotation)
        steps = tuple(found)
    is_derived = one.default_factory is not MISSING
    is_required = one.default is MISSING and not is_derived
    default = None if one.default is MISSING else one.default
    return Declared(annotation, steps, default, is_required, is_derived, one.metadata)
