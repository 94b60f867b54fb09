"""Suites: which episodes to run, as data. A suite is a YAML or JSON file, or the name of one that comes with engram.

Keys
    ``schema_version``  1
    ``name``, ``about``
    ``protocol``        kind of episode (``engram.evaluation.protocols``)
    ``options``         of the protocol, for every episode; groups may be nested or written as ``group.option``
    ``seeds``           ``FIRST:END``, the end excluded, or a list of seeds and such ranges; all of one split
    ``split``           train, validation or test; the seeds must belong to it
    ``metrics``         columns of the table; all of the protocol when not given
    ``wall_secs``       an episode that takes longer is stopped
    ``axes``            option -> values; every combination is a variant
    ``variants``        name -> options that differ
    ``ladder``          name -> options that differ from the rung before

The variant ``base``, which changes nothing, always comes first; without axes, variants and ladder it is the only one.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from engram.evaluation import options, protocols
from engram.evaluation.contract import SCHEMA_VERSION, EpisodeProtocol, Job, Json, Metric
from engram.evaluation.document import Document, DocumentError, nearest, parse, scalar
from engram.sims.seeds import SPLITS, SeedError, split_of

BASE = "base"
_KEYS = ("schema_version", "name", "about", "protocol", "options", "seeds", "split", "metrics", "wall_secs")
_FORMS = ("axes", "variants", "ladder")
_WALL_SECS = 3600.0


@dataclass(frozen=True)
class Variant:
    """One configuration of a suite."""

    name: str
    config: Json  # all options of the protocol


@dataclass(frozen=True)
class Suite:
    """A checked suite."""

    name: str
    about: str
    protocol: str
    seeds: tuple[int, ...]
    variants: tuple[Variant, ...]
    metrics: tuple[Metric, ...]
    wall_secs: float

    def jobs(self, limit: int | None = None) -> list[Job]:
        """Return the episodes, all variants of a seed before the next seed; ``limit`` takes the first seeds only."""
        return [
            Job(f"{variant.name}/{seed}", variant.name, seed, variant.config)
            for seed in self.seeds[:limit]
            for variant in self.variants
        ]

    def document(self) -> dict[str, Any]:
        """Content of ``suite.json``; runs of equal documents are runs of the same episodes."""
        base = self.variants[0]
        return {
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "about": self.about,
            "protocol": self.protocol,
            "options": dict(base.config),
            "seeds": list(self.seeds),
            "variants": {v.name: _difference(v.config, base.config) for v in self.variants},
            "metrics": [m.name for m in self.metrics],
            "wall_secs": self.wall_secs,
        }


def shipped() -> dict[str, Any]:
    """Return the suites that come with engram, by name."""
    folder = resources.files("engram.evaluation").joinpath("suites")
    return {f.name.removesuffix(".yaml"): f for f in folder.iterdir() if f.name.endswith(".yaml")}


def load(name: str, changes: Sequence[str] = (), seeds: str = "") -> Suite:
    """Read a suite.

    Args:
        name: of one that comes with engram, or the path of a file.
        changes: ``OPTION=VALUE``, over the options of the suite.
        seeds: as ``FIRST:END``, in place of its seeds.

    Raises:
        EvaluationError: there is no such suite, or something in it is not known or does not fit.

    """
    own = shipped()
    if name in own:
        file, called = own[name], f"{name}.yaml"
    elif Path(name).suffix in (".yaml", ".yml", ".json") or Path(name).is_file():
        file, called = Path(name), name
    else:
        raise DocumentError(f"no suite {name!r}; {nearest(name, own)}, or name a file")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"cannot read the suite {name!r}: {getattr(error, 'strerror', error)}") from error
    return read(parse(text, called), changes, seeds)


def read(document: Document, changes: Sequence[str] = (), seeds: str = "") -> Suite:
    """Check the content of a suite file; the rest as :func:`load`."""
    value = document.value
    if not isinstance(value, Mapping):
        raise document.error((), f"a suite is a mapping with the keys {', '.join(_KEYS)}")
    for key in value:
        if key not in (*_KEYS, *_FORMS):
            raise document.error((key,), f"a suite has no key {key!r}; {nearest(key, (*_KEYS, *_FORMS))}")
    if value.get("schema_version") != SCHEMA_VERSION:
        raise document.error(("schema_version",), f"schema_version must be {SCHEMA_VERSION}")
    reader = _Reader(document)
    protocol = reader.protocol()
    base = reader.base(protocol, _parsed(changes))
    return Suite(
        name=reader.text("name"),
        about=reader.text("about", ""),
        protocol=value["protocol"],
        seeds=_range(seeds) if seeds else reader.seeds(),
        variants=tuple(reader.variants(protocol, base)),
        metrics=tuple(reader.metrics(protocol)),
        wall_secs=reader.wall_secs(),
    )


@dataclass(frozen=True)
class _Reader:
    """Reads the parts of a suite."""

    document: Document

    def text(self, key: str, default: str | None = None) -> str:
        value = self.document.value.get(key, default)
        if not isinstance(value, str):
            raise self.document.error((key,), f"{key} must be given, as text")
        return " ".join(value.split())

    def protocol(self) -> EpisodeProtocol:
        name = self.text("protocol")
        try:
            return protocols.load(name)
        except protocols.ProtocolError as error:
            raise self.document.error(("protocol",), str(error)) from error

    def base(self, protocol: EpisodeProtocol, changes: Mapping[str, Any]) -> dict[str, Any]:
        own = self.mapping("options")
        config = self.config(protocol, own, ("options",))
        try:
            return options.plain(options.build(protocol.options, options.merged(config, changes)))
        except options.OptionError as error:
            raise DocumentError(f"--set {'.'.join(error.key)}: {error}") from error

    def config(self, protocol: EpisodeProtocol, values: Json, at: tuple[Any, ...]) -> dict[str, Any]:
        """All options; ``at`` is where the values stand in the file."""
        try:
            return options.plain(options.build(protocol.options, options.merged({}, values)))
        except options.OptionError as error:
            raise self.document.error(self.place(error.key, at), str(error)) from error

    def place(self, key: tuple[str, ...], at: tuple[Any, ...]) -> tuple[Any, ...]:
        """Where an option stands, which may be written with dots, nested, or both."""
        rest, here = list(key), at
        while rest:
            n = next((n for n in range(len(rest), 0, -1) if (*here, ".".join(rest[:n])) in self.document.lines), 0)
            if not n:
                break
            here, rest = (*here, ".".join(rest[:n])), rest[n:]
        return here

    def mapping(self, key: str) -> Mapping[str, Any]:
        value = self.document.value.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.document.error((key,), f"{key} must be a mapping")
        return value

    def seeds(self) -> tuple[int, ...]:
        value = self.document.value.get("seeds")
        items = value if isinstance(value, list) else [value]
        found: list[int] = []
        self.check_split(())
        for k, item in enumerate(items):
            at = ("seeds", k) if isinstance(value, list) else ("seeds",)
            try:
                some = _range(item) if isinstance(item, str) else (item,)
                self.check_split(some)
            except (SeedError, DocumentError) as error:
                raise self.document.error(at, str(error)) from error
            found += some
        twice = [s for s in found if found.count(s) > 1] if len(set(found)) < len(found) else []
        if twice or not found:
            raise self.document.error(("seeds",), f"seed {twice[0]} is named twice" if twice else "no seeds")
        if len({split_of(s) for s in found}) > 1:
            raise self.document.error(("seeds",), "the seeds must all be of one split")
        return tuple(found)

    def check_split(self, seeds: Sequence[int]) -> None:
        wanted = self.document.value.get("split")
        if wanted is not None and wanted not in SPLITS:
            raise self.document.error(("split",), f"no split {wanted!r}; {nearest(wanted, SPLITS)}")
        for seed in seeds:
            split = split_of(seed)
            if wanted not in (None, split):
                raise SeedError(f"seed {seed} is of the {split} split, and the suite says {wanted}")

    def metrics(self, protocol: EpisodeProtocol) -> Iterator[Metric]:
        chosen = self.document.value.get("metrics", list(protocol.metrics))
        if not isinstance(chosen, list):
            raise self.document.error(("metrics",), "metrics must be a list of names")
        for k, name in enumerate(chosen):
            if name not in protocol.metrics:
                hint = nearest(name, protocol.metrics)
                raise self.document.error(("metrics", k), f"{protocol.name} has no metric {name!r}; {hint}")
            if name in chosen[:k]:
                raise self.document.error(("metrics", k), f"the metric {name!r} is named twice")
            yield protocol.metrics[name]

    def wall_secs(self) -> float:
        value = self.document.value.get("wall_secs", _WALL_SECS)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
            raise self.document.error(("wall_secs",), f"wall_secs must be a number above 0, not {value!r}")
        return float(value)

    def variants(self, protocol: EpisodeProtocol, base: Json) -> list[Variant]:
        """All variants, ``base`` first."""
        found = [Variant(BASE, base)]
        for name, changes, at in itertools.chain(self.named(), self.grid(protocol, base)):
            config = self.config(protocol, options.merged(base, changes), at)
            same = next((v.name for v in found if v.config == config), None)
            if same == name:
                continue
            if same is not None:
                raise self.document.error(at, f"the variant {name!r} is the same as {same!r}")
            if name in {v.name for v in found}:
                raise self.document.error(at, f"there are two different variants {name!r}")
            found.append(Variant(name, config))
        return found

    def named(self) -> Iterator[tuple[str, Json, tuple[Any, ...]]]:
        for form in ("variants", "ladder"):
            below: Json = {}
            for name, changes in self.mapping(form).items():
                at = (form, name)
                if not isinstance(changes or {}, Mapping):
                    raise self.document.error(at, f"the variant {name!r} must be a mapping of options")
                if not isinstance(name, str) or "/" in name or not name.strip():
                    raise self.document.error(at, f"a variant is named by text without '/', not {name!r}")
                own = options.merged(below, changes or {})
                below = own if form == "ladder" else {}
                yield name, own, at

    def grid(self, protocol: EpisodeProtocol, base: Json) -> Iterator[tuple[str, Json, tuple[Any, ...]]]:
        axes = self.mapping("axes")
        for key, values in axes.items():
            if not isinstance(values, list) or not values:
                raise self.document.error(("axes", key), f"the axis {key!r} must be a list of values")
            for value in values:
                self.config(protocol, options.merged(base, {key: value}), ("axes",))
        if not axes:
            return
        normal = options.flat(base)
        for values in itertools.product(*axes.values()):
            changes = dict(zip(axes, values, strict=True))
            differ = [f"{key}={_word(v)}" for key, v in changes.items() if normal.get(key) != v]
            yield ",".join(differ) or BASE, changes, ("axes",)


def _parsed(changes: Sequence[str]) -> dict[str, Any]:
    found = {}
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals:
            raise DocumentError(f"--set takes OPTION=VALUE, not {change!r}")
        found[key] = scalar(text)
    return found


def _range(text: str) -> tuple[int, ...]:
    first, colon, end = text.partition(":")
    if not (colon and first.isdecimal() and end.isdecimal() and int(first) < int(end)):
        raise DocumentError(f"seeds are FIRST:END, the end excluded, such as 700000:700010, not {text!r}")
    for seed in (int(first), int(end) - 1):
        split_of(seed)
    if split_of(int(first)) != split_of(int(end) - 1):
        raise SeedError(f"the seeds {text} are of two splits")
    return tuple(range(int(first), int(end)))


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _difference(config: Json, base: Json) -> dict[str, Any]:
    normal = options.flat(base)
    return {key: value for key, value in options.flat(config).items() if normal.get(key) != value}
