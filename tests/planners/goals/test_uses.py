import pytest

from engram.planners.goals.lexicon import expanded, lexicon
from engram.sims.house.categories import CATEGORIES

USES = lexicon().uses


def test_every_category_is_told_by_what_it_is_for_and_no_other():
    assert USES.kinds - {"Floor"} == set(CATEGORIES) - {"Sink"} | {"Sink"}


def test_each_use_means_its_own_kinds():
    portable = lexicon().portable
    for text, kinds in zip(USES.texts, USES.text_kinds, strict=True):
        use = USES.find(text, kinds <= portable)

        assert use is not None, text
        assert use.kinds == kinds, text


def test_order_inflection_and_synonyms_do_not_matter_and_the_last_preposition_does():
    assert USES.find("flowers can be put in", True).kinds == {"Vase"}
    assert USES.find("to put a flower in", True).kinds == {"Vase"}
    assert USES.find("refuse is thrown", False).kinds == {"GarbageCan"}
    assert USES.find("eat soup with", True).kinds == {"Spoon"}
    assert USES.find("eat soup from", True).kinds == {"Bowl"}


@pytest.mark.parametrize(
    "text", ["", "something", "use", "brown", "polish the moon with", "flowers unicorns dance around"]
)
def test_what_says_too_little_or_too_much_else_means_nothing(text):
    assert USES.find(text, True) is None


def test_a_class_of_things_lets_one_word_tell():
    assert USES.find("crunchy", True) is None
    assert USES.find("crunchy", True, frozenset({"Apple"})).kinds == {"Apple"}


def test_patterns_are_all_their_phrases():
    assert expanded("(once|when) this (really|) ends") == [
        "once this really ends",
        "once this ends",
        "when this really ends",
        "when this ends",
    ]
