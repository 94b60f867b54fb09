"""Answers of language models as checked JSON.

Schemas use the part of JSON Schema that servers can hold a model to: ``type``, ``enum``, ``properties`` with
``required`` and ``additionalProperties: false``, ``items``, ``minItems``, ``maxItems``, ``minLength``, ``maxLength``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from engram.perception.language.contract import LanguageError, Schema

_TYPES: Mapping[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}
_SHOWN = 3  # faults that are told


def record(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object with these fields and no others."""
    fields = {**required, **(optional or {})}
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": fields}


def text(most: int, least: int = 0) -> Schema:
    """Return the schema of a string of so many characters."""
    return {"type": "string", "minLength": least, "maxLength": most} if least else {"type": "string", "maxLength": most}


def choice(*values: str) -> Schema:
    """Return the schema of one of some strings."""
    return {"type": "string", "enum": list(values)}


def rows(item: Schema, most: int, least: int = 0) -> Schema:
    """Return the schema of a list of so many items."""
    return {"type": "array", "items": item, "minItems": least, "maxItems": most}


def read_json(answer: str, schema: Schema) -> dict[str, Any]:
    """Return the JSON object of an answer; what stands around it, such as a code fence, is cut off.

    Raises:
        LanguageError: it is no JSON, or JSON of another form.

    """
    first, last = answer.find("{"), answer.rfind("}")
    try:
        found = json.loads(answer[first : last + 1], parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise LanguageError("not_json", "the model's answer is no JSON") from error
    wrong = [fault for fault, _ in zip(faults(found, schema), range(_SHOWN), strict=False)]
    if wrong:
        raise LanguageError("schema", f"the model's answer is not of the form asked for: {'; '.join(wrong)}")
    answered: dict[str, Any] = found
    return answered


def faults(value: Any, schema: Schema, where: str = "answer") -> Iterator[str]:
    """Yield what is wrong with a value, each with its place; the value itself is not repeated."""
    kind = schema["type"]
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{where} should be of type {kind}"
    elif kind == "object":
        yield from _fields(value, schema, where)
    elif kind == "array":
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{where} should have {schema.get('minItems', 0)} to {schema.get('maxItems', 'any')} items"
        for number, item in enumerate(value):
            yield from faults(item, schema["items"], f"{where}[{number}]")
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where} should be one of {', '.join(map(str, schema['enum']))}"
    elif kind == "string":
        yield from _characters(value, schema, where)


def _fields(value: Mapping[str, Any], schema: Schema, where: str) -> Iterator[str]:
    fields = schema["properties"]
    for name in schema["required"]:
        if name not in value:
            yield f"{where} should have {name!r}"
    if not set(value) <= set(fields):
        yield f"{where} should have nothing but {', '.join(fields)}"
    for name, inner in fields.items():
        if name in value:
            yield from faults(value[name], inner, f"{where}.{name}")


def _characters(value: str, schema: Schema, where: str) -> Iterator[str]:
    if not schema.get("minLength", 0) <= len(value.strip()) or len(value) > schema.get("maxLength", len(value)):
        yield f"{where} should have {schema.get('minLength', 0)} to {schema.get('maxLength', 'any')} characters"
    if not all(c.isprintable() or c in "\n\t" for c in value):  # it may be shown on a terminal
        yield f"{where} should have no control characters"


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
