"""What a report is made of, read from the folder of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engram.evaluation.aggregate import CRASHED
from engram.evaluation.comparison import Comparison, Run, Side, compare, read_run
from engram.evaluation.contract import EvaluationError, Metric, Record, RunFolder, Timing
from engram.evaluation.ledger import read_suite
from engram.evaluation.suite import BASE


@dataclass(frozen=True)
class Kept:
    """A run and what was kept of it."""

    folder: RunFolder
    suite: Mapping[str, Any]  # content of suite.json
    table: Mapping[str, Any]  # content of table.json
    run: Run
    records: Sequence[Record]  # by seed, the variants in order
    timings: Mapping[str, Timing]  # id -> timing; may lack some

    @property
    def metrics(self) -> Sequence[Metric]:
        """Columns of the table, in the order of the suite."""
        return list(self.run.metrics.values())

    @property
    def variants(self) -> Sequence[str]:
        """Names of the variants, that which the others are compared with first."""
        names = list(self.run.variants)
        return [BASE, *(n for n in names if n != BASE)] if BASE in names else names

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of packages; of several, in the order of the episodes."""
        found: dict[str, list[str]] = {}
        for versions in {json.dumps(r.versions, sort_keys=True): r.versions for r in self.records}.values():
            for name, version in versions.items():
                if version not in found.setdefault(name, []):
                    found[name].append(version)
        return {name: ", ".join(several) for name, several in sorted(found.items())}

    @property
    def revision(self) -> str:
        """Revision of the source; of several, in the order of the episodes."""
        return ", ".join(dict.fromkeys(r.revision for r in self.records if r.revision))

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """The other variants against the first, where they share seeds."""
        sides = [Side(self.run, name) for name in self.variants]
        pairs = [(sides[0], side) for side in sides[1:] if set(side.records) & set(sides[0].records)]
        return compare(pairs) if pairs else []

    def of(self, variant: str) -> list[Record]:
        """Episodes of a variant by seed."""
        return [r for r in self.records if r.variant == variant]

    def settings(self, variant: str) -> Mapping[str, Any]:
        """Options of a variant by dotted name."""
        return self.run.settings.get(variant, {})


def load(folder: RunFolder) -> Kept:
    """Read a run.

    Raises:
        EvaluationError: its files cannot be read or do not agree.

    """
    run = read_run(folder.path)
    order = {name: k for k, name in enumerate(run.variants)}
    records = [r for episodes in run.variants.values() for r in episodes.values()]
    records.sort(key=lambda r: (r.seed, order[r.variant]))
    table = json.loads(folder.table.read_text(encoding="utf-8"))
    return Kept(folder, read_suite(folder), table, run, records, _timings(folder))


def crashed(record: Record) -> bool:
    """Whether an episode came to no end."""
    return record.ended == CRASHED


def _timings(folder: RunFolder) -> dict[str, Timing]:
    if not folder.timings.is_file():
        return {}
    found: dict[str, Timing] = {}
    for number, line in enumerate(folder.timings.read_text(encoding="utf-8").splitlines(), 1):
        try:
            timing = Timing(**json.loads(line))
        except (TypeError, ValueError) as error:
            raise EvaluationError(f"{folder.timings}:{number}: is no timing ({error}); take the line out") from error
        found[timing.id] = timing
    return found
