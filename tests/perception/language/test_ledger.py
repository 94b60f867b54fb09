from __future__ import annotations

import pytest

from engram.perception.language.contract import LanguageError, Reply, Request, Usage
from engram.perception.language.ledger import Ledger, Metered, Prices
from engram.perception.language.patience import Patience
from engram.perception.language.testing import Told

ASKED = Request("planner.v1", "abc", "", ("?",), {})


def test_calls_are_summed_by_prompt():
    cut = LanguageError("too_long", "cut", Usage(1000, 500, 1))
    told = Told(
        Reply("a", Usage(2000, 100, 3)), cut, LanguageError("timeout", "late"), Reply("b", Usage(1, 1, 1, True))
    )
    ledger, times = Ledger(), iter(range(100))
    model = Metered(told, ledger, Prices(2.0, 10.0), lambda: float(next(times)))
    assert model.ask(ASKED).text == "a"
    for reason in ("too_long", "timeout"):
        with pytest.raises(LanguageError) as caught:
            model.ask(ASKED)
        assert caught.value.reason == reason
    model.ask(Request("critic.v1", "def", "", ("?",), {}))
    assert ledger.plain() == {
        "critic.v1": {
            "digest": "def", "calls": 1, "attempts": 1, "prompt_tokens": 1, "completion_tokens": 1, "estimated": 1,
            "usd": pytest.approx(12e-6), "secs": 1.0, "outcomes": {"ok": 1},
        },
        "planner.v1": {
            "digest": "abc", "calls": 3, "attempts": 4, "prompt_tokens": 3000, "completion_tokens": 600, "estimated": 0,
            "usd": pytest.approx(0.012), "secs": 3.0, "outcomes": {"ok": 1, "too_long": 1, "timeout": 1},
        },
    }  # fmt: skip
    assert ledger.usd == pytest.approx(0.012012)
    assert [r.outcome for r in ledger.records] == ["ok", "too_long", "timeout", "ok"]


def test_patience_ends_after_failures_in_a_row_and_comes_back():
    patience, asked = Patience(most=2, pause=3), []
    for good in (False, True, False, False, None, None, None, False, True):
        asked.append(patience.may_ask())
        if asked[-1]:
            patience.note(good)
    assert asked == [True] * 4 + [False] * 3 + [True] * 2


@pytest.mark.parametrize("wrong", [{"most": 0}, {"pause": -1}])
def test_patience_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        Patience(**wrong)
