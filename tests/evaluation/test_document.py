from __future__ import annotations

import pytest

from engram.evaluation.document import DocumentError, nearest, parse, scalar

TEXT = """\
name: a
seeds: 7:10
on: [no, 1e-3, 0x10, 0o7, 1_000, -2, ~, true]
deep:
  one.two: {three: 3}
  list:
  - x
  - y: 1
"""


def test_values_are_those_of_json():
    value = parse(TEXT, "a.yaml").value
    assert value["seeds"] == "7:10"
    assert value["on"] == ["no", 0.001, "0x10", "0o7", 1000, -2, None, True]
    assert value["deep"] == {"one.two": {"three": 3}, "list": ["x", {"y": 1}]}


def test_every_value_has_its_line():
    lines = parse(TEXT, "a.yaml").lines
    assert lines["seeds",] == 2
    assert lines["on", 3] == 3
    assert lines["deep", "one.two", "three"] == 5
    assert lines["deep", "list", 1, "y"] == 8


def test_an_error_says_where():
    document = parse(TEXT, "a.yaml")
    assert str(document.error(("deep", "list", 1, "y"), "is odd")) == "a.yaml:8: is odd"
    assert str(document.error(("deep", "list", 9), "is odd")) == "a.yaml:6: is odd"
    assert str(document.error(("missing",), "is missing")) == "a.yaml:1: is missing"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: [1,\n", "x.yaml:3: expected the node content"),
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3: 'a' already stands on line 1"),
        ("a: !!python/object:os.system x\n", "x.yaml:1: could not determine a constructor"),
        ("a: \x00", "x.yaml: "),
    ],
)
def test_what_is_no_document(text, said):
    with pytest.raises(DocumentError) as caught:
        parse(text, "x.yaml")
    assert str(caught.value).startswith(said)


def test_words_of_a_command_line():
    assert [scalar(w) for w in ("3", "0.5", "true", "null", "nearest", "[1, 2]", "")] == [
        3, 0.5, True, None, "nearest", [1, 2], None,
    ]  # fmt: skip


def test_hints():
    assert nearest("mes", ["world.mess", "agent"]) == "did you mean 'world.mess'?"
    assert nearest("zzz", ["b", "a"]) == "known are a, b"
