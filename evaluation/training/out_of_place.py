"""Training of out-of-place detection: examples from houses, judges, calibration, and how well each variant does.

Training houses teach the judges. The fusions are calibrated on some validation houses and scored on others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engram.evaluation.metrics.ranking import average_precision, precision_intervals
from engram.evaluation.training.houses import Use, house_seeds
from engram.evaluation.training.judges import Encoded, TrainConfig, encode, fit, predict
from engram.evaluation.training.messes import TourConfig, examples
from engram.perception.text import TextConfig, TextEmbedder, text_embedder
from engram.planners.out_of_place.data import Example, read_examples, with_oracle, write_examples
from engram.planners.out_of_place.fusion import REPEATS, Fusion, Views, calibrate, cross_entropy, log_odds
from engram.planners.out_of_place.model import OUTPUTS, NetConfig, OutOfPlaceNet, save

Floats = NDArray[np.float64]
Evidence = dict[str, float | None]
FIRST = {"train": 10_000, "calibrate": 20_000, "score": 40_000}  # number of the first house, in its split
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class OutOfPlaceTraining:
    """What decides a run."""

    houses: int = 140
    calibrate_houses: int = 35  # validation houses that the fusions are calibrated on
    score_houses: int = 47  # other validation houses
    train_mess: int = 8  # things displaced in a training house
    mess: int = 5  # ... and in a validation house
    text: str = "hashed"
    train: TrainConfig = field(default_factory=TrainConfig)
    hidden: int = 96


QUICK = OutOfPlaceTraining(houses=24, calibrate_houses=8, score_houses=12, train=TrainConfig(epochs=12))
FULL = OutOfPlaceTraining()


@dataclass(frozen=True)
class Row:
    """How well one variant ranks, for one question."""

    variant: str
    question: str
    out_of_place: float  # average precision of what is out of place
    out_of_place_interval: tuple[float, float]
    gain_interval: tuple[float, float]  # over the counts, the same houses drawn
    in_place: float  # average precision of what is in place
    in_place_interval: tuple[float, float]


@dataclass(frozen=True)
class Point:
    """What a threshold on the belief comes to."""

    threshold: float
    found: float  # share of the displaced things
    wrong: float  # things in place that are taken for displaced, a house


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished run."""

    nets: dict[str, OutOfPlaceNet]
    fusion: Fusion  # of all sources, for the question whether a thing is displaced
    rows: list[Row]
    curve: list[Point]
    counts: dict[str, int]


def collect(
    use: Use, first: int, houses: int, mess: int, folder: Path, progress: Callable[[str], None] = lambda text: None
) -> list[Example]:
    """Return the examples of some houses; those that lie in ``folder`` are not made again.

    Raises:
        SeedError: the houses may not be used so.
        ExamplesError: a file of the folder is broken.

    """
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Example] = []
    for number, seed in enumerate(house_seeds(use, houses, first), 1):
        path = folder / f"{seed}-{mess}.jsonl"
        if not path.exists():
            write_examples(path, examples(seed, use, TourConfig(mess=mess)))
        found += read_examples(path)
        progress(f"{use} house {number} of {houses}")
    return found


def train_out_of_place(
    config: OutOfPlaceTraining,
    out: Path,
    folder: Path,
    device: str = "cpu",
    progress: Callable[[str], None] = lambda text: None,
) -> Trained:
    """Make the examples, train the judges, calibrate and score; weights go to ``out``.

    Args:
        config: what decides the run.
        out: directory of the weights and of the checkpoints, from which a run that was stopped goes on.
        folder: directory of the examples.
        device: ``"cpu"`` or ``"cuda"``.
        progress: told what is being done.

    """
    out.mkdir(parents=True, exist_ok=True)
    c = config
    taught = collect("train", FIRST["train"], c.houses, c.train_mess, folder, progress)
    held = collect("validation", FIRST["calibrate"], c.calibrate_houses, c.mess, folder, progress)
    scored = collect("validation", FIRST["score"], c.score_houses, c.mess, folder, progress)
    embedder = text_embedder(TextConfig(model=c.text))
    # What is said from true boxes of everything is said of a scene as good: it doubles what there is to read.
    data = encode([*taught, *map(with_oracle, taught)], embedder)
    nets = {name: _trained(name, shape, data, c.train, out, device, progress) for name, shape in _shapes(c, data)}
    rows, fusion = _score(nets, embedder, held, scored)
    about = {"embedder": embedder.name, "text_model": c.text, "fusion": fusion.to_json(), "seed": c.train.seed}
    own = {name: net for name, net in nets.items() if name != "both"}  # the fusion joins looks and words by itself
    save(out / "out_of_place.safetensors", own, about)
    counts = {"taught": len(taught), "held": len(held), "scored": len(scored)}
    counts |= {f"{q}_scored": sum(bool(getattr(e, q)) for e in scored) for q in OUTPUTS}
    return Trained(nets, fusion, rows, _curve(fusion, _evidence(nets, scored, embedder), scored), counts)


def _shapes(config: OutOfPlaceTraining, data: Encoded) -> list[tuple[str, NetConfig]]:
    text, features = data.vectors.shape[1], data.features.shape[2]
    shapes = [("language", NetConfig(text, 0, config.hidden))]
    if features:
        shapes += [
            ("visual", NetConfig(0, features, config.hidden)),
            ("both", NetConfig(text, features, config.hidden)),
        ]
    return shapes


def _trained(
    name: str,
    shape: NetConfig,
    data: Encoded,
    config: TrainConfig,
    out: Path,
    device: str,
    progress: Callable[[str], None],
) -> OutOfPlaceNet:
    def told(epoch: int, loss: float) -> None:
        progress(f"{name} judge: epoch {epoch} of {config.epochs}, loss {loss:.3f}")

    return fit(shape, data, config, out / f"{name}.checkpoint.safetensors", told, device)


def _evidence(
    nets: dict[str, OutOfPlaceNet],
    held: Sequence[Example],
    embedder: TextEmbedder,
    question: int = 0,
    repeat: float = 0.5,
) -> list[Evidence]:
    """Log-odds that each source gives of each example: language, both, table, and looks fused over the views."""
    data = encode(held, embedder)
    odds = {name: predict(net, data)[:, question] for name, net in nets.items()}
    found: list[Evidence] = []
    for k, example in enumerate(held):
        read = float(odds["language"][k]) if example.sentences else None
        looks = _looks(example, float(odds["visual"][k]) if "visual" in odds else None, repeat)
        table = None if example.table is None else log_odds(example.table)
        found.append({"language": read, "table": table, "looks": looks})
        if "both" in odds:
            found[-1]["both"] = float(odds["both"][k])
    return found


def _looks(example: Example, visual: float | None, repeat: float) -> float | None:
    """Log-odds by looks, of the visual judge where there is one, else of the detector itself."""
    if visual is not None and example.features:
        return visual * float(len(example.features) ** repeat)
    views = Views()
    for belief in example.judged:
        views.add(log_odds(belief))
    return views.fused(repeat)


def _score(
    nets: dict[str, OutOfPlaceNet], embedder: TextEmbedder, held: Sequence[Example], scored: Sequence[Example]
) -> tuple[list[Row], Fusion]:
    """Calibrate on the one, score on the other; return the table and the fusion of all sources."""
    rows: list[Row] = []
    fusions: list[Fusion] = []
    for number, question in enumerate(OUTPUTS):
        labels = [bool(getattr(e, question)) for e in held]
        fusion = _calibrated(lambda repeat, n=number: _evidence(nets, held, embedder, n, repeat), labels)  # type: ignore[misc]
        fusions.append(fusion)
        known = _evidence(nets, held, embedder, number, fusion.repeat)
        seen = _evidence(nets, scored, embedder, number, fusion.repeat)
        truly = _evidence(nets, [with_oracle(e) for e in scored], embedder, number, fusion.repeat)
        scores = {"counts": _alone("table", seen), "language": _alone("language", seen)}
        scores["language, true relations"] = _alone("language", truly)
        for name, title in (("looks", "visual"), ("both", "visual and language")):
            if any(e.get(name) is not None for e in seen):
                scores[title] = _alone(name, seen)
        pair = calibrate([{k: e[k] for k in ("language", "table")} for e in known], labels)
        scores["language and counts, fused"] = np.array([pair.odds(e) for e in seen])
        if len(fusion.sources) > len(pair.sources):
            scores["all, fused"] = np.array([fusion.odds(e) for e in seen])
        rows += _rows(question, scores, scored)
    return rows, fusions[0]


def _calibrated(evidence: Callable[[float], list[Evidence]], labels: Sequence[bool]) -> Fusion:
    """Return the fusion that makes the labels likeliest, over all ways to count repeated views."""
    said = evidence(0.5)
    if all(e["looks"] is None for e in said):
        return calibrate(said, labels)
    tried = [(f := calibrate(e := evidence(r), labels, r), cross_entropy(f, e, labels)) for r in REPEATS]
    return min(tried, key=lambda t: t[1])[0]


def _alone(name: str, evidence: Sequence[Evidence]) -> Floats:
    """(N,) what one source says; its mean where it says nothing."""
    said = np.array([np.nan if (v := e.get(name)) is None else v for e in evidence], np.float64)
    return np.where(np.isnan(said), np.nanmean(said), said)


def _rows(question: str, scores: dict[str, Floats], scored: Sequence[Example]) -> list[Row]:
    labels = np.array([bool(getattr(e, question)) for e in scored])
    houses = np.array([e.house for e in scored])
    values = list(scores.values())
    there, gain = precision_intervals(values, labels, houses)
    here, _ = precision_intervals([-v for v in values], ~labels, houses)
    return [
        Row(
            name,
            question,
            average_precision(value, labels),
            there[k],
            gain[k],
            average_precision(-value, ~labels),
            here[k],
        )
        for k, (name, value) in enumerate(scores.items())
    ]


def _curve(fusion: Fusion, evidence: Sequence[Evidence], scored: Sequence[Example]) -> list[Point]:
    """What each threshold finds at the end of the tours, and what it takes wrongly."""
    beliefs = np.array([fusion.belief(e) for e in evidence])
    displaced = np.array([e.displaced for e in scored])
    moments = 2 * len({e.house for e in scored})  # each house gives examples at two moments
    return [
        Point(t, float((beliefs[displaced] >= t).mean()), float((beliefs[~displaced] >= t).sum() / moments))
        for t in THRESHOLDS
    ]


def quick_or_full(preset: str, seed: int, text: str) -> OutOfPlaceTraining:
    """Return a configuration by name, with a seed and an embedder of its own."""
    config = QUICK if preset == "quick" else FULL
    return replace(config, text=text, train=replace(config.train, seed=seed))
