import pickle
import warnings
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, replace
from typing import Annotated, Any, Literal

import pytest
from pydantic import TypeAdapter

from conf import keys
from conf.declare import About, Between, Exactly, Rule, ToldApartBy, declared, key, table
from conf.model import Config
from conf.validation import Refused, validated

Small = Annotated[int, Exactly(), Between(1, 9)]


@table
class Box:
    """A table for these tests."""

    kind: Literal["box"] = key(description="which of two")
    width: Small = key(default=2, description="how wide")
    height: Small = key(default_factory=lambda above: above["width"] + 1, description="how high")
    note: str = key(default="", max_length=3, description="beside it")

    @Rule
    def _is_no_square(self) -> None:
        if self.width == self.height:
            raise ValueError("must be no square")

    @Rule
    def _is_not_large(self) -> None:
        if self.width * self.height > 20:
            raise ValueError("must not be large")


Colour = Annotated[str | None, About("of both kinds")]


@table
class Ball:
    """Another."""

    kind: Literal["ball"] = key(description="which of two")
    colour: Colour = None
    number: Annotated[int, About("whose it is")]


@table
class Store:
    """What holds both."""

    things: tuple[Annotated[Box | Ball, ToldApartBy("kind")], ...] = key(default=())


def _refused(kind: type, values: object) -> list[tuple[Any, ...]]:
    found = validated(kind, values)
    assert isinstance(found, Refused)
    return [(refusal.at, refusal.kind) for refusal in found.refusals]


@pytest.mark.parametrize(("given", "height"), [({}, 3), ({"width": 4}, 5), ({"width": 4, "height": 1}, 1)])
def test_a_default_may_follow_from_another_key(given: dict[str, Any], height: int):
    """Where a table is made in Python, and where it is read, a key that is not given follows from those that are."""
    assert Box(kind="box", **given).height == height
    assert validated(Box, {"kind": "box", **given}) == Box(kind="box", **given)
    assert replace(Box(kind="box", **given), note="x").height == height


def test_rules_hold_wherever_a_table_is_made():
    """A rule across keys refuses a table made in Python too, and the first that is broken speaks."""
    with pytest.raises(ValueError, match="must be no square"):
        Box(kind="box", width=9, height=9)
    with pytest.raises(ValueError, match="must not be large"):
        replace(Box(kind="box"), width=9, height=8)
    assert _refused(Box, {"kind": "box", "width": 9, "height": 9}) == [((), "value_error")]


def test_a_table_is_frozen_and_has_its_keys_alone():
    """Nothing can be changed or added; a pickle gives it back as it was."""
    box = Box(kind="box")
    with pytest.raises(FrozenInstanceError):
        box.width = 3  # type: ignore[misc]
    assert not hasattr(box, "__dict__")
    assert pickle.loads(pickle.dumps(box)) == box


def test_every_mistake_is_refused_at_its_place():
    """Limits, kinds, unknown keys and missing ones are refused at once; the word that tells tables apart is told."""
    things = [
        {"kind": "box", "width": 10, "height": "3", "note": "long", "depth": 1},
        {"kind": "ball", "number": 1},
        {"kind": 3},
        {},
    ]
    assert _refused(Store, {"things": things}) == [
        (("things", 0, "box", "width"), "less_than_equal"),
        (("things", 0, "box", "height"), "int_type"),
        (("things", 0, "box", "note"), "string_too_long"),
        (("things", 0, "box", "depth"), "unexpected_keyword_argument"),
        (("things", 2), "union_tag_invalid"),
        (("things", 3), "union_tag_not_found"),
    ]
    assert _refused(Ball, {}) == [(("kind",), "missing"), (("number",), "missing")]


def test_what_is_declared_can_be_read():
    """Default, limits, purpose, and whether it must be given, are known of each key."""
    box = declared(Box)
    assert list(box) == ["kind", "width", "height", "note"]
    assert [about.is_required for about in box.values()] == [True, False, False, False]
    assert [about.is_derived for about in box.values()] == [False, False, True, False]
    assert (box["width"].default, box["height"].default, box["kind"].default) == (2, None, None)
    assert (box["width"].limit("ge"), box["width"].limit("le"), box["note"].limit("max_length")) == (1, 9, 3)
    assert box["note"].limit("ge") is None
    assert box["note"].description == "beside it"


def test_tables_may_share_a_key_and_what_it_is_for():
    """A kind of key with its purpose needs no declaration of its own in each table."""
    ball, purposes = declared(Ball), ["which of two", "of both kinds", "whose it is"]
    assert [about.description for about in ball.values()] == purposes
    assert [about.is_required for about in ball.values()] == [True, False, True]
    assert validated(Ball, {"kind": "ball", "number": 3}) == Ball(kind="ball", number=3)
    drawn = TypeAdapter(Ball).json_schema()
    assert [about["description"] for about in drawn["properties"].values()] == purposes


def _tables_in(drawn: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from drawn["$defs"].items()


def test_a_json_schema_can_be_drawn():
    """The declarations make a JSON Schema with each key's purpose and limits, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = TypeAdapter(Config).json_schema()
    known = dict(_tables_in(drawn))
    models = [model for name in keys.TABLES for model in keys.models(name)]
    assert sorted(known) == sorted(model.__name__ for model in models)
    for model in models:
        assert known[model.__name__]["additionalProperties"] is False
        properties = known[model.__name__]["properties"]
        assert {name: about["description"] for name, about in properties.items()} == {
            name: about.description for name, about in declared(model).items()
        }
    assert known["Pdf"]["properties"]["jpeg_quality"]["maximum"] == 95
    assert known["ClientAuth"]["properties"]["port"]["maximum"] == 65535
