from __future__ import annotations

import struct

import pytest

from engram.evaluation.trace.protobuf import bytes_field, descriptor, encode, timestamp


def test_wire_format_by_hand():
    assert encode("google.protobuf.Timestamp", {"seconds": 1, "nanos": 300}) == b"\x08\x01\x10\xac\x02"
    image = encode("foxglove.CompressedImage", {"timestamp": timestamp(0), "frame_id": "c", "data": b"\xff\x00"})
    assert image == b"\x0a\x04\x08\x00\x10\x00" + b"\x22\x01c" + b"\x12\x02\xff\x00"
    packed = encode("foxglove.CameraCalibration", {"width": 2, "K": [1.0, 2.0]})
    assert packed == b"\x15\x02\x00\x00\x00" + b"\x32\x10" + struct.pack("<2d", 1, 2)


def test_fields_come_back():
    data = bytes(range(256)) * 300
    values = {"timestamp": timestamp(5_500_000_001), "frame_id": "camera", "data": data, "format": "png"}
    image = encode("foxglove.CompressedImage", values)
    assert bytes_field(image, 2) == data
    assert bytes_field(image, 3) == b"png"
    assert bytes_field(image, 9) == b""
    raw = encode("foxglove.RawImage", {"width": 3, "height": 2, "data": b"xyz"})
    assert bytes_field(raw, 6) == b"xyz"


def test_an_unknown_field_is_refused():
    with pytest.raises(KeyError, match="colour"):
        encode("foxglove.Vector3", {"colour": 1.0})


def test_time_is_split():
    assert timestamp(12_500_000_000) == {"seconds": 12, "nanos": 500_000_000}


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("foxglove.CompressedImage", ("CompressedImage", "Timestamp", "frame_id")),
        ("foxglove.FrameTransforms", ("FrameTransforms", "FrameTransform", "Vector3", "Quaternion")),
        ("foxglove.Log", ("Log", "Level", "WARNING")),
    ],
)
def test_a_descriptor_names_all_it_needs(message, names):
    said = descriptor(message)
    for name in names:
        assert encode("foxglove.Log", {"message": name})[1:] in said  # its length and itself
