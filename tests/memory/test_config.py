from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from engram.memory.check import check
from engram.memory.config import ConfigError, MemoryConfig, changed, read_config
from engram.memory.contract import Percepts, Query, Source
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.log import open_log
from engram.memory.stores import default_stores

NAMES = ["temporal", "episodic", "semantic"]
PATIENT = HippocampusConfig(deadline_secs=60.0, sleep_secs=60.0, naps=False)
DAY_NS = 86400 * 10**9
TASKS = ("put the mug away", "put the mugs away", "wipe the desk", "feed the cat", "put the mug back")
SEEN = ("giraffe", "violin", "submarine", "volcano", "newspaper")
QUESTIONS = (
    "giraffe",
    "put the mug away",
    "the mug on the shelf",
    "wipe a table",
    "open Drawer",
    "quantum chromodynamics",
)
SWITCHES = [
    {"temporal": {"compress": False}},
    {"episodic": {"retrieval": {"dense": False}}},
    {"episodic": {"retrieval": {"bm25": False}}},
    {"episodic": {"retrieval": {"spans": []}}},
    {"episodic": {"retrieval": {"group": False}}},
    {"episodic": {"retrieval": {"router": False}}},
    {"episodic": {"retrieval": {"graph": False}}},
    {"episodic": {"retrieval": {"half_life_secs": 3600.0}}},
    {"episodic": {"retrieval": {"fusion": "ranks"}}},
    {"episodic": {"forgetting": {"enabled": False}}},
    {"episodic": {"hopfield": {"enabled": False}}},
    {"episodic": {"strengthen": False}},
    {"episodic": {"links": 0}},
    {"semantic": {"consolidation": {"enabled": False}}},
    {"semantic": {"forgetting": {"enabled": False}}},
    {"semantic": {"hopfield": {"enabled": False}}},
    {"semantic": {"pipeline": False}},
    {"semantic": {"contradict": False}},
    {"text": {"hashed_dims": 64}},
]


def live(path, config):
    """Attempts over 40 days, now and then asked about."""
    with Hippocampus(path, default_stores(NAMES, config), PATIENT) as memory:
        step = 0
        for number, task in enumerate(TASKS):
            for text in (f"Went to {task}.", f"Saw a {SEEN[number]}.", f"Could not {task} in the {task[-4:]} place."):
                stamp_ns = number * 8 * DAY_NS + step * 10**9
                action = {"verb": "open", "target": "Drawer_1", "outcome": "blocked" if number == 3 else "ok"}
                last = text.startswith("Could")
                outcome = ("no_space" if number % 2 else "success") if last else ""
                source = Source("r", f"e{number}", step, stamp_ns)
                memory.write(Percepts(source, text, task=task, outcome=outcome, action=action))
                step += 1
            memory.recall(Query("put the mug away"))
        memory.sleep()


def told(path, config):
    """What memory answers, and how sure it is."""
    with Hippocampus(path, default_stores(NAMES, config), PATIENT) as memory:
        hits = [h for q in QUESTIONS for found in memory.recall(Query(q, limit=20)).hits.values() for h in found]
        return [(h.id, h.text, round(h.score, 6), round(h.confidence, 6), h.data.get("links")) for h in hits]


def bare(path):
    """A copy of a memory that has the events only."""
    copy = path.with_name(f"{path.name}-bare")
    with open_log(path, read_only=True) as log, open_log(copy) as other:
        other.append([event for _, event in log.events()])
    return copy


@cache
def with_all_switched_on():
    with TemporaryDirectory() as folder:
        path = Path(folder) / "m"
        live(path, MemoryConfig())
        return told(path, MemoryConfig())


@pytest.mark.parametrize("switch", SWITCHES, ids=json.dumps)
def test_a_mechanism_that_is_switched_off_makes_a_difference_and_the_log_replays(tmp_path, switch):
    path, config = tmp_path / "m", changed(MemoryConfig(), switch)
    live(path, config)
    with open_log(path, read_only=True) as log:
        report = check(log, default_stores(NAMES, config))
    assert (report.problems, report.notes) == ((), ())
    answers = told(path, config)
    assert answers != with_all_switched_on()
    assert told(bare(path), config) == answers


def test_settings_are_read_from_json_and_yaml(tmp_path):
    (tmp_path / "a.json").write_text('{"episodic": {"links": 0, "forgetting": {"tau_secs": {"episode": 9.0}}}}')
    (tmp_path / "a.yaml").write_text("text: {model: hashed, hashed_dims: 64}\ngraph: {extract: {containers: [Box]}}\n")
    first, second = read_config(tmp_path / "a.json"), read_config(tmp_path / "a.yaml")
    assert (first.episodic.links, first.semantic, first.text) == (0, MemoryConfig().semantic, MemoryConfig().text)
    assert first.episodic.forgetting.tau_secs == {**MemoryConfig().episodic.forgetting.tau_secs, "episode": 9.0}
    assert (second.text.hashed_dims, second.graph.extract.containers) == (64, frozenset({"Box"}))
    (tmp_path / "empty").write_text("")
    assert read_config(tmp_path / "empty") == MemoryConfig()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("episodic: {link: 0}", r"episodic: there is no setting 'link'; did you mean links\?"),
        ("episodes: {}", "no setting 'episodes'; did you mean episodic"),
        ("episodic: {links: 1.5}", "links: expected int, not 1.5"),
        ("episodic: {strengthen: 1}", "strengthen: expected bool, not 1"),
        ("episodic: {links: true}", "links: expected int, not True"),
        ("episodic: off", "episodic: expected settings by name, not false"),
        ("temporal: {capacity: 0}", "capacity of at least 1"),
        ("episodic: {", "cannot be read"),
    ],
)
def test_what_is_no_setting_is_named(tmp_path, text, complaint):
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        read_config(tmp_path / "m.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / "none.yaml")


def test_each_store_gets_its_settings():
    config = changed(MemoryConfig(), {"spatial": {"resolution_m": 0.1}, "temporal": {"capacity": 9}})
    stores = {store.name: store for store in default_stores(config=config)}
    assert all(getattr(store, "config") == getattr(config, name) for name, store in stores.items())  # noqa: B009
    assert (stores["spatial"].config.resolution_m, stores["temporal"].config.capacity) == (0.1, 9)
