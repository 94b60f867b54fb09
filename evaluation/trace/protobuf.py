"""The few Foxglove messages that a trace uses, in protobuf: Rerun and Foxglove know them by these schemas.

The wire format is small, and written here its bytes depend on no library's version. Sources: the protobuf encoding
specification, ``google/protobuf/descriptor.proto``, and the schemas published at github.com/foxglove/foxglove-sdk.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

_TIME = "google.protobuf.Timestamp"
_LEVELS = ("UNKNOWN", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL")
_DOUBLE, _FIXED = struct.Struct("<d"), struct.Struct("<I")
_WIRE = {"int": 0, "enum": 0, "double": 1, "fixed32": 5}  # how a value lies on the wire; all else has a length first
_LABELS = {"": 1, "*": 3}  # optional, repeated
_TYPES = {"double": 1, "int": 5, "fixed32": 7, "string": 9, "message": 11, "bytes": 12, "enum": 14}

# message -> its fields: "NAME NUMBER TYPE", where a * after the type says repeated
_MESSAGES: Mapping[str, tuple[str, ...]] = {
    _TIME: ("seconds 1 int", "nanos 2 int"),
    "foxglove.Vector3": ("x 1 double", "y 2 double", "z 3 double"),
    "foxglove.Quaternion": ("x 1 double", "y 2 double", "z 3 double", "w 4 double"),
    "foxglove.FrameTransform": (
        f"timestamp 1 {_TIME}", "parent_frame_id 2 string", "child_frame_id 3 string",
        "translation 4 foxglove.Vector3", "rotation 5 foxglove.Quaternion",
    ),
    "foxglove.FrameTransforms": ("transforms 1 foxglove.FrameTransform*",),
    "foxglove.CompressedImage": (f"timestamp 1 {_TIME}", "frame_id 4 string", "data 2 bytes", "format 3 string"),
    "foxglove.RawImage": (
        f"timestamp 1 {_TIME}", "frame_id 7 string", "width 2 fixed32", "height 3 fixed32", "encoding 4 string",
        "step 5 fixed32", "data 6 bytes",
    ),
    "foxglove.CameraCalibration": (
        f"timestamp 1 {_TIME}", "frame_id 9 string", "width 2 fixed32", "height 3 fixed32",
        "distortion_model 4 string", "D 5 double*", "K 6 double*", "R 7 double*", "P 8 double*",
    ),
    "foxglove.Log": (f"timestamp 1 {_TIME}", "level 2 enum", "message 3 string", "name 4 string"),
    "FileDescriptorSet": ("file 1 FileDescriptorProto*",),
    "FileDescriptorProto": (
        "name 1 string", "package 2 string", "dependency 3 string*", "message_type 4 DescriptorProto*",
        "syntax 12 string",
    ),
    "DescriptorProto": ("name 1 string", "field 2 FieldDescriptorProto*", "enum_type 4 EnumDescriptorProto*"),
    "FieldDescriptorProto": ("name 1 string", "number 3 int", "label 4 int", "type 5 int", "type_name 6 string"),
    "EnumDescriptorProto": ("name 1 string", "value 2 EnumValueDescriptorProto*"),
    "EnumValueDescriptorProto": ("name 1 string", "number 2 int"),
}  # fmt: skip


def encode(message: str, values: Mapping[str, Any]) -> bytes:
    """Return a message on the wire; what ``values`` leaves out takes its default.

    Raises:
        KeyError: the message has no such field.

    """
    tags, doubles = _tags(message), _doubles(message)
    if doubles is not None and values.keys() == tags.keys():  # a vector or a quaternion, at once
        return doubles.pack(*(part for name, value in values.items() for part in (tags[name][0], value)))
    parts: list[bytes] = []
    for name, value in values.items():
        tag, type_, many = tags[name]
        if many and type_ == "double":  # packed, as proto3 has it
            parts.append(tag + _sized(struct.pack(f"<{len(value)}d", *value)))
        elif many:
            parts += [tag + _content(type_, v) for v in value]
        else:
            parts.append(tag + _content(type_, value))
    return b"".join(parts)


def bytes_field(data: bytes, number: int) -> bytes:
    """Return the content of a field of bytes, text or a message; empty when the message has none."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        kind = tag & 7
        if kind == 2:
            size, at = _read_varint(data, at)
            if tag >> 3 == number:
                return data[at : at + size]
            at += size
        elif kind == 0:
            _, at = _read_varint(data, at)
        else:
            at += 8 if kind == 1 else 4
    return b""


def descriptor(message: str) -> bytes:
    """Return the ``FileDescriptorSet`` that describes a message and all that it is made of."""
    names = _within(message)
    own = [name for name in names if name != _TIME]
    files = [_file("google/protobuf/timestamp.proto", "google.protobuf", (), [_TIME])] if _TIME in names else []
    needs = ("google/protobuf/timestamp.proto",) if files else ()
    files.append(_file(f"{message.replace('.', '/')}.proto", message.rpartition(".")[0], needs, own))
    return encode("FileDescriptorSet", {"file": files})


def timestamp(stamp_ns: int) -> dict[str, int]:
    """Return a ``google.protobuf.Timestamp``."""
    return {"seconds": stamp_ns // 1_000_000_000, "nanos": stamp_ns % 1_000_000_000}


def _fields(message: str) -> Iterator[tuple[str, int, str, bool]]:
    for line in _MESSAGES[message]:
        name, number, type_ = line.split()
        yield name, int(number), type_.removesuffix("*"), type_.endswith("*")


@cache
def _tags(message: str) -> Mapping[str, tuple[bytes, str, bool]]:
    """Return what stands before each field, its type, and whether it is repeated."""
    tags = {}
    for name, number, type_, many in _fields(message):
        kind = 2 if many and type_ == "double" else _WIRE.get(type_, 2)
        tags[name] = (_varint(number << 3 | kind), type_, many)
    return tags


@cache
def _doubles(message: str) -> struct.Struct | None:
    """Return how a message lies on the wire that is all doubles, each after its tag of one byte."""
    fields = list(_fields(message))
    single = all(type_ == "double" and not many and number < 16 for _, number, type_, many in fields)
    return struct.Struct("<" + "cd" * len(fields)) if single else None


def _within(message: str) -> list[str]:
    found = [message]
    for _, _, type_, _ in _fields(message):
        if type_ in _MESSAGES:
            found += [name for name in _within(type_) if name not in found]
    return found


def _file(name: str, package: str, needs: tuple[str, ...], messages: list[str]) -> dict[str, Any]:
    content = {"name": name, "package": package, "dependency": needs, "syntax": "proto3"}
    return {**content, "message_type": [_message(m) for m in messages]}


def _message(message: str) -> dict[str, Any]:
    fields = [_describe(message, *field) for field in _fields(message)]
    said: dict[str, Any] = {"name": message.rpartition(".")[2], "field": fields}
    if any(f["type"] == _TYPES["enum"] for f in fields):
        values = [{"name": level, "number": k} for k, level in enumerate(_LEVELS)]
        said["enum_type"] = [{"name": "Level", "value": values}]
    return said


def _describe(message: str, name: str, number: int, type_: str, many: bool) -> dict[str, Any]:
    said = {"name": name, "number": number, "label": _LABELS["*" if many else ""]}
    if type_ in _MESSAGES:
        return {**said, "type": _TYPES["message"], "type_name": f".{type_}"}
    if type_ == "enum":
        return {**said, "type": _TYPES["enum"], "type_name": f".{message}.Level"}
    return {**said, "type": 3 if (message, name) == (_TIME, "seconds") else _TYPES[type_]}  # seconds are int64


def _content(type_: str, value: Any) -> bytes:
    if type_ == "double":
        return _DOUBLE.pack(value)
    if type_ in ("int", "enum"):
        return _varint(value)
    if type_ == "string":
        return _sized(value.encode())
    if type_ == "bytes":
        return _sized(value)
    return _FIXED.pack(value) if type_ == "fixed32" else _sized(encode(type_, value))


def _sized(data: bytes) -> bytes:
    return _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
