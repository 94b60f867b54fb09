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


def test_vectors_are_as_other_messages():
    point = encode("foxglove.Vector3", {"z": 3.0, "x": 1.0, "y": 2.0})
    assert point == b"".join(encode("foxglove.Vector3", {k: v}) for k, v in (("z", 3.0), ("x", 1.0), ("y", 2.0)))
    assert encode("foxglove.Vector3", {"y": 2.0}) == b"\x11" + struct.pack("<d", 2.0)


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


def test_the_reference_reads_what_is_written():
    """Where protobuf is installed: the schema makes a class that parses the message."""
    files = pytest.importorskip("google.protobuf.descriptor_pb2").FileDescriptorSet
    pools = pytest.importorskip("google.protobuf.descriptor_pool")
    make = pytest.importorskip("google.protobuf.message_factory").GetMessageClass

    def parse(name, values):
        pool = pools.DescriptorPool()
        for file in files.FromString(descriptor(name)).file:
            pool.Add(file)
        return make(pool.FindMessageTypeByName(name)).FromString(encode(name, values))

    turned = {"x": 0.1, "y": 0.2, "z": 0.3, "w": 0.9}
    one = {"parent_frame_id": "map", "child_frame_id": "base", "rotation": turned, "timestamp": timestamp(7)}
    read = parse("foxglove.FrameTransforms", {"transforms": [one, {**one, "child_frame_id": "camera"}]})
    assert [t.child_frame_id for t in read.transforms] == ["base", "camera"]
    assert (read.transforms[1].rotation.w, read.transforms[0].timestamp.nanos) == (0.9, 7)
    said = parse("foxglove.Log", {"level": 3, "message": "no path", "timestamp": timestamp(2**40)})
    assert (said.level, said.message, said.timestamp.seconds) == (3, "no path", 1099)
    assert said.DESCRIPTOR.fields_by_name["level"].enum_type.values_by_number[3].name == "WARNING"
    assert list(parse("foxglove.CameraCalibration", {"K": [1.0, 2.5], "width": 64}).K) == [1.0, 2.5]
    assert parse("foxglove.RawImage", {"data": b"abc", "step": 12}).step == 12
