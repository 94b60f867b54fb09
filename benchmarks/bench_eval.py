"""What running episodes as a suite costs: ``python benchmarks/bench_eval.py``.

Harness: time an episode that the harness adds (giving the job out, taking the result, records brought to the disk,
progress), measured with episodes that take no time, and as a share of a tidy episode. Its start, once a run and worker,
is told apart. Workers: the same tidy houses with one worker and with two. Records: reading a run of many episodes,
making its table and its report.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import tyro

from engram.evaluation.aggregate import read_records, table
from engram.evaluation.contract import Metric, Outcome, RunFolder
from engram.evaluation.harness import Plan, Progress, run
from engram.evaluation.suite import Suite, Variant, load

TARGETS = {"share": 0.02, "speedup": 1.8, "records_secs": 5.0}


@dataclass(frozen=True)
class Options:
    """Options."""

    seeds: str = "700000:700006"
    """Houses that are tidied."""
    episodes: int = 500
    """Episodes that take no time."""
    records: int = 1000
    """Records to read."""
    trace: bool = True
    """Write traces of the tidy episodes."""


@dataclass(frozen=True)
class Nothing:
    """No options."""

    steps: int = 100


class NothingProtocol:
    """Episodes that take no time."""

    name = "nothing"
    options = Nothing
    metrics = {"right": Metric("right", "share", "right", "things")}  # noqa: RUF012 - as protocols have it

    def prepare(self) -> None:
        """Nothing to do."""

    def run(self, config: Any, seed: int, trace: Path | None) -> Outcome:
        """Return at once, with as many step times as an episode has."""
        ms = {"agent": [1.0] * config["steps"], "world": [1.0] * config["steps"]}
        return Outcome("done", config["steps"], {"right": seed % 4, "things": 4}, {}, {"agent": 0.1}, ms)


class Clock:
    """Notes when each episode was recorded."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def __call__(self, progress: Progress) -> None:
        if progress.timing is not None:
            self.at.append(time.perf_counter())


def harness(options: Options, folder: Path) -> dict[str, float]:
    """Return seconds to start, and milliseconds an episode that takes no time."""
    variants = (Variant("base", {"steps": 300}),)
    metrics = tuple(NothingProtocol.metrics.values())
    suite = Suite("nothing", "", "bench_eval:NothingProtocol", tuple(range(options.episodes)), variants, metrics, 60.0)
    clock, begin = Clock(), time.perf_counter()
    run(Plan(suite, RunFolder(folder / "nothing")), clock)
    each = (clock.at[-1] - clock.at[0]) / (len(clock.at) - 1)
    return {"start_secs": clock.at[0] - begin, "episode_ms": 1000 * each}


def tidy(options: Options, folder: Path) -> dict[str, float]:
    """Return wall seconds of the same houses with one worker and with two, from the first start to the last record."""
    suite = load("tidy-validation", seeds=options.seeds)
    found: dict[str, float] = {}
    for workers in (1, 2):
        out = RunFolder(folder / f"tidy{workers}")
        clock, begin = Clock(), time.perf_counter()
        run(Plan(suite, out, workers, trace=options.trace), clock)
        found[f"workers_{workers}_secs"] = clock.at[-1] - begin
        totals = [json.loads(line)["secs"]["total"] for line in out.timings.read_text().splitlines()]
        found[f"workers_{workers}_episode_secs"] = sum(totals) / len(totals)
    found["speedup"] = found["workers_1_secs"] / found["workers_2_secs"]
    return found


def records(options: Options, folder: Path) -> dict[str, float]:
    """Return seconds to read a run of many episodes and to make its table and report."""
    out = RunFolder(folder / "tidy1")
    few = read_records(out.episodes)
    many = RunFolder(folder / "many")
    many.path.mkdir()
    suite = load("tidy-validation", seeds=f"700000:{700000 + options.records}")
    many.suite.write_text(json.dumps(suite.document()))
    timings = [json.loads(line) for line in out.timings.read_text().splitlines()]
    with many.episodes.open("w") as episodes, many.timings.open("w") as times:
        for k, seed in enumerate(suite.seeds):
            record = replace(few[k % len(few)], id=f"base/{seed}", seed=seed)
            episodes.write(record.line() + "\n")
            times.write(json.dumps({**timings[k % len(timings)], "id": record.id}) + "\n")
    begin = time.perf_counter()
    content = table(read_records(many.episodes), suite.metrics)
    many.table.write_text(json.dumps(content))
    found = {"table_secs": time.perf_counter() - begin}
    if importlib.util.find_spec("engram.evaluation.run_report") is not None:
        importlib.import_module("engram.evaluation.run_report").write(many)
        found["table_and_report_secs"] = time.perf_counter() - begin
    return found


def main(options: Options) -> int:
    """Measure, and print JSON."""
    sys.path.insert(0, str(Path(__file__).parent))  # for processes that are started
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {"harness": harness(options, folder), "tidy": tidy(options, folder)}
        found["records"] = records(options, folder)
    found["harness"]["share"] = found["harness"]["episode_ms"] / 1000 / found["tidy"]["workers_1_episode_secs"]
    rounded = {group: {k: float(f"{v:.4g}") for k, v in figures.items()} for group, figures in found.items()}
    print(json.dumps({"options": asdict(options), "figures": rounded, "targets": TARGETS}, indent=1, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options, description=__doc__)))
