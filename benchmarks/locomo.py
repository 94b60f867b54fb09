"""Recall of evidence turns on LoCoMo (Maharana et al., ACL 2024): ``python benchmarks/locomo.py --data FILE``.

Every turn is one memory, written in order with the date of its session; for each question ten turns of the same
dialogue are retrieved. No language model takes part. The options that are shipped were chosen by recall over all
questions, never by single ones; ``--crossfit`` shows what that flatters: there, options are chosen from a grid by the
recall on some dialogues and reported on the others, one dialogue left out at a time, and half against half. What the
grid does not vary (stemming, BM25's constants, temperature, seeds and restart of the walk) is not held out.
"""

from __future__ import annotations

import calendar
import itertools
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from engram.memory.retrieval.hybrid import HybridConfig, HybridIndex
from engram.perception.text import TextConfig, TextEmbedder, text_embedder

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
DEPTH, HALF = 10, 3
_ALONE = HybridConfig(spans=(), group=False, router=False, graph=False)
METHODS = {
    "dense": replace(_ALONE, bm25=False),
    "bm25": replace(_ALONE, dense=False),
    "fused": HybridConfig(graph=False),
    "fused_graph": HybridConfig(),
}
ABLATIONS = {
    "dense+bm25": _ALONE,
    "ranks": HybridConfig(graph=False, fusion="ranks"),
    "no_router": HybridConfig(graph=False, router=False),
    "no_group": HybridConfig(graph=False, group=False),
    "no_spans": HybridConfig(graph=False, spans=()),
}
SPANS: tuple[tuple[int, ...], ...] = ((), (1,), (1, 2))


@dataclass(frozen=True)
class LocomoBenchmark:
    """Options."""

    data: Path
    """File of dialogues."""
    text: str = "auto"
    """Text embedder: auto, minilm, hashed, or a sentence-transformers model."""
    ablations: bool = False
    """Also with parts of the fusion switched off."""
    crossfit: bool = False
    """Also with options chosen on some dialogues and reported on the others; takes minutes."""
    resamples: int = 2000
    """Resamples of the bootstrap."""
    json: bool = False
    """Print one JSON line instead of a table."""


@dataclass(frozen=True)
class Turn:
    """One memory."""

    id: str
    text: str
    session: str
    stamp_ns: int


@dataclass(frozen=True)
class Question:
    """One question, and the rows of the turns that hold its answer."""

    text: str
    evidence: frozenset[int]
    category: int


@dataclass(frozen=True)
class Dialogue:
    """Turns in order, and the questions on them."""

    turns: Sequence[Turn]
    questions: Sequence[Question]


@dataclass(frozen=True)
class Answers:
    """What one method got: figures of each question, over all dialogues."""

    recall: NDArray[np.float64]
    hit: NDArray[np.float64]
    reciprocal_rank: NDArray[np.float64]
    milliseconds: NDArray[np.float64]


def main(options: LocomoBenchmark) -> int:
    """Run all methods."""
    dialogues = [parse(sample) for sample in json.loads(options.data.read_text())]
    embedder = text_embedder(TextConfig(options.text))
    methods = {**METHODS, **ABLATIONS} if options.ablations else METHODS
    answers = {name: run(dialogues, embedder, config) for name, config in methods.items()}
    report = summary(dialogues, answers, options.resamples) | {"embedder": embedder.name}
    if options.crossfit:
        report["crossfit"] = crossfit(dialogues, embedder, answers, options.resamples)
    if options.json:
        print(json.dumps(report, sort_keys=True))
    else:
        show(report)
    return 0


def parse(sample: Mapping[str, Any]) -> Dialogue:
    """Return a dialogue of the data set."""
    talk = sample["conversation"]
    numbers = sorted(int(k.split("_")[1]) for k in talk if re.fullmatch(r"session_\d+", k))
    turns = []
    for number in numbers:
        stamp_ns = parse_date(talk[f"session_{number}_date_time"])
        for turn in talk[f"session_{number}"]:
            turns.append(Turn(turn["dia_id"], f"{turn['speaker']}: {turn['text']}", str(number), stamp_ns))
    rows = {turn.id: row for row, turn in enumerate(turns)}
    questions = []
    for asked in sample["qa"]:
        ids = [part for entry in asked["evidence"] for part in re.split(r"[;\s]+", entry)]
        evidence = frozenset(rows[part] for part in ids if part in rows)
        if evidence:
            questions.append(Question(asked["question"], evidence, asked["category"]))
    return Dialogue(turns, questions)


def parse_date(text: str) -> int:
    """Return the nanoseconds of a date such as "1:56 pm on 8 May, 2023"."""
    return calendar.timegm(time.strptime(text.upper(), "%I:%M %p ON %d %B, %Y")) * 10**9


def run(dialogues: Sequence[Dialogue], embedder: TextEmbedder, config: HybridConfig) -> Answers:
    """Return what a configuration finds."""
    figures = []
    for dialogue in dialogues:
        index = HybridIndex(embedder.dims, config)
        vectors = embedder.embed([turn.text for turn in dialogue.turns])
        for turn, vector in zip(dialogue.turns, vectors, strict=True):
            index.add(turn.text, vector, turn.stamp_ns, turn.session)
        asked = embedder.embed([question.text for question in dialogue.questions])
        for question, vector in zip(dialogue.questions, asked, strict=True):
            start = time.process_time()
            rows = [found.row for found in index.search(question.text, vector, DEPTH)]
            spent_ms = 1000 * (time.process_time() - start)
            right = [rank for rank, row in enumerate(rows, 1) if row in question.evidence]
            figures.append((len(right) / len(question.evidence), bool(right), 1 / right[0] if right else 0, spent_ms))
    return Answers(*np.array(figures, np.float64).T)


def grid() -> Iterator[tuple[str, HybridConfig]]:
    """Yield the options that cross-fitting chooses from, with the method that each is of."""
    for spans, group in itertools.product(SPANS, (False, True)):
        plain = HybridConfig(spans=spans, group=group, graph=False)
        for changes in ({"router": True}, {"router": False}, {"fusion": "ranks"}):
            yield "fused", replace(plain, **changes)
    for spans, weight in itertools.product(SPANS, (0.15, 0.3, 0.6)):
        yield "fused_graph", HybridConfig(spans=spans, graph_weight=weight)


def crossfit(
    dialogues: Sequence[Dialogue], embedder: TextEmbedder, shipped: Mapping[str, Answers], resamples: int
) -> dict[str, Any]:
    """Return the recall of options on dialogues that had no part in choosing them."""
    tried = [(method, config, run(dialogues, embedder, config).recall) for method, config in grid()]
    dialogue = np.array([i for i, d in enumerate(dialogues) for _ in d.questions])
    ways = {
        "leave_one_out": [dialogue == i for i in range(len(dialogues))],
        "halves": [dialogue < HALF, dialogue >= HALF],
    }
    alone = {name: shipped[name].recall for name in ("dense", "bm25")}
    return {
        way: {
            method: held_out([(c, r) for m, c, r in tried if m == method], alone, folds, resamples)
            for method in ("fused", "fused_graph")
        }
        for way, folds in ways.items()
    }


def held_out(
    tried: Sequence[tuple[HybridConfig, NDArray[np.float64]]],
    alone: Mapping[str, NDArray[np.float64]],
    folds: Sequence[NDArray[np.bool_]],
    resamples: int,
) -> dict[str, Any]:
    """Return the figures over all folds, each by what did best outside of it; so is what it is compared with."""
    recall, rival, chosen = np.zeros(len(folds[0])), np.zeros(len(folds[0])), []
    for fold in folds:
        config, best = max(tried, key=lambda pair: float(pair[1][~fold].mean()))
        recall[fold] = best[fold]
        rival[fold] = max(alone.values(), key=lambda values: float(values[~fold].mean()))[fold]
        options = {"spans": list(config.spans), "group": config.group, "router": config.router}
        options |= {"fusion": config.fusion, "graph_weight": config.graph_weight if config.graph else None}
        chosen.append({**options, "recall@10": mean(best[fold])})
    draws = np.random.default_rng(2).integers(0, len(recall), (resamples, len(recall)))
    return {
        "recall@10": mean(recall),
        "interval": interval(recall, draws),
        "gain": mean(recall - rival),
        "gain_interval": interval(recall - rival, draws),
        "chosen": chosen,
    }


def summary(dialogues: Sequence[Dialogue], answers: Mapping[str, Answers], resamples: int) -> dict[str, Any]:
    """Return the figures of all methods, with 95 % bootstrap intervals over questions."""
    category = np.array([q.category for d in dialogues for q in d.questions])
    dialogue = np.array([i for i, d in enumerate(dialogues) for _ in d.questions])
    draws = np.random.default_rng(0).integers(0, len(category), (resamples, len(category)))
    best_alone = max(("dense", "bm25"), key=lambda name: float(answers[name].recall.mean()))
    methods = {}
    for name, answer in answers.items():
        gain = answer.recall - answers[best_alone].recall
        methods[name] = {
            "recall@10": mean(answer.recall),
            "interval": interval(answer.recall, draws),
            "hit@10": mean(answer.hit),
            "mrr": mean(answer.reciprocal_rank),
            "gain": mean(gain),
            "gain_interval": interval(gain, draws),
            "first_half": mean(answer.recall[dialogue < HALF]),
            "second_half": mean(answer.recall[dialogue >= HALF]),
            "query_cpu_ms": round(float(np.median(answer.milliseconds)), 2),
            "categories": {
                label: category_figures(answer, category == number, resamples) for number, label in CATEGORIES.items()
            },
        }
    return {"methods": methods, "questions": len(category), "turns": sum(len(d.turns) for d in dialogues)}


def category_figures(answer: Answers, chosen: NDArray[np.bool_], resamples: int) -> dict[str, Any]:
    """Return the figures of the questions of one category."""
    recall = answer.recall[chosen]
    if not len(recall):
        return {"questions": 0}
    draws = np.random.default_rng(1).integers(0, len(recall), (resamples, len(recall)))
    return {
        "questions": len(recall),
        "recall@10": mean(recall),
        "interval": interval(recall, draws),
        "hit@10": mean(answer.hit[chosen]),
        "mrr": mean(answer.reciprocal_rank[chosen]),
    }


def mean(values: NDArray[np.float64]) -> float | None:
    """Return the mean with four digits; None of nothing."""
    return round(float(values.mean()), 4) if len(values) else None


def interval(values: NDArray[np.float64], draws: NDArray[np.int64]) -> list[float]:
    """Return the 95 % interval of a mean over resampled questions."""
    return [round(float(bound), 4) for bound in np.quantile(values[draws].mean(axis=1), (0.025, 0.975))]


def show(report: Mapping[str, Any]) -> None:
    """Print a table."""
    title = f"LoCoMo, {report['turns']} turns, {report['questions']} questions, {report['embedder']}: recall@10"
    table = Table("method", "recall@10", "95 %", "hit@10", "MRR", "halves", "ms", *CATEGORIES.values(), title=title)
    for name, row in report["methods"].items():
        halves = (row["first_half"], row["second_half"])
        figures = [row["recall@10"], row["interval"], row["hit@10"], row["mrr"], halves, row["query_cpu_ms"]]
        per_category = [found.get("recall@10") for found in row["categories"].values()]
        table.add_row(name, *[text_of(value) for value in (*figures, *per_category)])
    Console(width=160).print(table)
    for way, methods in report.get("crossfit", {}).items():
        for name, row in methods.items():
            figures = [text_of(row[key]) for key in ("recall@10", "interval", "gain", "gain_interval")]
            Console(width=160).print(f"{way}, {name}: {figures[0]} ({figures[1]}), gain {figures[2]} ({figures[3]})")


def text_of(value: float | Sequence[float] | None) -> str:
    """Return a figure as the table shows it."""
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else " - ".join(f"{bound:.3f}" for bound in value)


if __name__ == "__main__":
    sys.exit(main(tyro.cli(LocomoBenchmark, description=__doc__)))
