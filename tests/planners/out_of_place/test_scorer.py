from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engram.perception.contracts import Detection  # noqa: E402
from engram.perception.text import HashedNgrams  # noqa: E402
from engram.planners.out_of_place.fusion import Fusion, log_odds  # noqa: E402
from engram.planners.out_of_place.model import NetConfig, OutOfPlaceNet, save  # noqa: E402
from engram.planners.out_of_place.scorer import OutOfPlaceScorer, load_scorer  # noqa: E402
from engram.planners.weights import WeightsError  # noqa: E402

FUSION = Fusion(("language", "table", "looks"), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), bias=-1.0, repeat=1.0)
SENTENCES = ["The mug is supported by the bed", "The mug is closest to the pillow"]


def seen(judged=None, feature=None):
    return Detection("Mug", 1.0, np.ones((2, 2), bool), (0, 0, 2, 2), 4, judged, feature)


@pytest.fixture
def language():
    torch.manual_seed(4)
    return OutOfPlaceNet(NetConfig(64, 0, 16)).eval()


def test_sources_are_summed_as_log_odds(language):
    scorer = OutOfPlaceScorer(FUSION, language, HashedNgrams(64))
    read = scorer.read(SENTENCES)
    assert read == pytest.approx(scorer.read(SENTENCES[::-1]), abs=1e-5)
    assert log_odds(scorer.belief(1, SENTENCES, 0.9)) == pytest.approx(read + np.log(9.0) - 1.0, abs=1e-5)
    assert log_odds(scorer.belief(1, [], None)) == pytest.approx(-1.0)


def test_each_track_has_its_own_views(language):
    scorer = OutOfPlaceScorer(FUSION, language, HashedNgrams(64))
    before = scorer.belief(1, SENTENCES, 0.5)
    scorer.saw(1, seen(judged=0.9))
    raised = scorer.belief(1, SENTENCES, 0.5)
    assert log_odds(raised) == pytest.approx(log_odds(before) + np.log(9.0), abs=1e-5)
    assert scorer.belief(2, SENTENCES, 0.5) == before
    for _ in range(2):
        scorer.saw(1, seen(judged=0.1))
    assert log_odds(scorer.belief(1, SENTENCES, 0.5)) == pytest.approx(log_odds(before) - np.log(9.0), abs=1e-5)


def test_a_visual_judge_takes_the_place_of_the_detectors():
    torch.manual_seed(4)
    visual = OutOfPlaceNet(NetConfig(0, 5, 8)).eval()
    scorer = OutOfPlaceScorer(FUSION, visual=visual)
    feature = np.arange(5, dtype=np.float32)
    scorer.saw(1, seen(judged=0.999, feature=feature))
    odds = float(visual(None, None, torch.from_numpy(feature)[None])[0, 0].detach())
    assert log_odds(scorer.belief(1, SENTENCES, None)) == pytest.approx(odds - 1.0, abs=1e-5)


def test_weights_of_another_embedder_are_refused(language, tmp_path):
    about = {"text_model": "hashed", "embedder": "hashed-ngrams-64", "fusion": FUSION.to_json()}
    save(tmp_path / "a.safetensors", {"language": language}, about)
    with pytest.raises(WeightsError, match="hashed-ngrams-64"):
        load_scorer(tmp_path / "a.safetensors")
