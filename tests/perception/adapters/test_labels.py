import pytest

from engram.perception.adapters.labels import LabelMap, phrase

LABELS = ["CoffeeTable", "DiningTable", "Mug", "Television", "TVStand", "Fridge", "ToiletPaper", "Toilet", "FloorLamp"]


def test_labels_as_one_says_them() -> None:
    said = [phrase(label) for label in ("CoffeeTable", "TVStand", "CD", "coffee_table", "dining table", "Mug")]
    assert said == ["coffee table", "tv stand", "cd", "coffee table", "dining table", "mug"]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("CoffeeTable", "CoffeeTable"),
        ("dining tables", "DiningTable"),
        ("white coffee mug", "Mug"),
        ("a mug on the table", "Mug"),
        ("tv", "Television"),
        ("Monitor/TV", "Television"),
        ("a small tv stand", "TVStand"),
        ("refrigerator", "Fridge"),
        ("toilet paper", "ToiletPaper"),
        ("lamp", "FloorLamp"),
        ("table", None),
        ("fridge magnet", None),
        ("giraffe", None),
        ("couch", None),
        ("", None),
        ("on the", None),
    ],
)
def test_free_phrases(text: str, label: str | None) -> None:
    assert LabelMap(LABELS)(text) == label


def test_synonyms_of_the_configuration() -> None:
    labels = LabelMap(["Sofa"], {"settee": "Sofa", "jug": "Vase"})
    assert [labels(text) for text in ("old settee", "couch", "jug")] == ["Sofa", "Sofa", None]
