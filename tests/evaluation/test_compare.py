from __future__ import annotations

import json

import pytest

from engram.agents.cli import main
from engram.evaluation.aggregate import table
from engram.evaluation.comparison import CompareError, Side, compare, pairs_needed, read_run
from engram.evaluation.contract import Metric, Record, RunFolder

METRICS = [
    Metric("success", "rate", "success"),
    Metric("proper", "share", "proper", "displaced"),
    Metric("steps", "mean", "steps", better="lower"),
]
SEEDS = range(800_000, 800_020)


def record(seed, variant, success, proper, steps, ended="done"):
    values = {"success": success, "proper": proper, "displaced": 5, "steps": steps}
    kept = {} if ended == "crashed" else values
    return Record(f"{variant}/{seed}", variant, seed, "tidy", "0", ended, 3, kept, {}, "", {}, "abc")


def good(seed, variant="base"):
    return record(seed, variant, 1, 5, 100 + seed % 7)


def bad(seed, variant="base"):
    """Slower, and worse in three houses of four."""
    return record(seed, variant, int(seed % 4 == 0), 5 if seed % 4 == 0 else 2, 140 + seed % 3)


def write(path, records, *, metrics=METRICS, variants=None, **suite):
    """Write the files of a run."""
    folder = RunFolder(path)
    path.mkdir(parents=True, exist_ok=True)
    names = variants or {r.variant: {} for r in records}
    content = {"name": "tidy-test", "protocol": "tidy", "options": {"mess": 5, "agent": {"prior": True}}}
    content |= {"variants": names, "metrics": [m.name for m in metrics], "began": {"revision": "abc"}, **suite}
    folder.suite.write_text(json.dumps(content))
    folder.episodes.write_text("".join(r.line() + "\n" for r in records))
    folder.table.write_text(json.dumps(table(records, metrics), sort_keys=True))
    return path


@pytest.fixture
def runs(tmp_path):
    """A good run and a bad one of the same suite."""
    a = write(tmp_path / "a", [good(s) for s in SEEDS])
    b = write(tmp_path / "b", [bad(s) for s in SEEDS], options={"mess": 5, "agent": {"prior": False}})
    return a, b


def one(a, b, *names):
    [found] = compare([(Side(read_run(a), "base"), Side(read_run(b), "base"))], names)
    return found, {d.metric.name: d for d in found.differences}


def test_what_is_worse_is_said_to_be_worse(runs):
    found, by = one(*runs)
    assert (len(found.seeds), found.unpaired(found.a), found.unpaired(found.b)) == (20, (), ())
    assert found.settings == {"agent.prior": (True, False)}
    success = by["success"]
    assert (success.a, success.b, success.difference, success.pairs) == (1.0, 0.25, -0.75, 20)
    assert success.p == pytest.approx(2 / 2**15, rel=1e-4)  # fifteen pairs, all one way
    assert success.low < -0.75 < success.high < 0
    assert by["proper"].difference == pytest.approx((5 * 5 + 15 * 2) / 100 - 1)
    assert {d.verdict for d in found.differences} == {"worse"}
    assert all(d.p_adjusted >= d.p for d in found.differences)


def test_fewer_steps_are_better(runs):
    _, by = one(runs[1], runs[0])
    assert by["steps"].difference < 0
    assert by["steps"].verdict == "better"


def test_a_run_is_the_same_as_itself(runs):
    _, by = one(runs[0], runs[0])
    assert {d.verdict for d in by.values()} == {"same"}
    assert by["steps"].p == 1.0
    assert by["success"].low < 0 < by["success"].high  # twenty houses do not prove that rates are equal


def test_holm_can_take_a_verdict_back(tmp_path):
    """Six pairs of twenty differ, all one way: p = 1/32, which three tests at once do not bear."""
    a = write(tmp_path / "a", [good(s) for s in SEEDS])
    b = write(tmp_path / "b", [record(s, "base", int(s >= 800_006), 5, 100 + s % 7) for s in SEEDS])
    _, alone = one(a, b, "success")
    _, among = one(a, b)
    assert (alone["success"].p, alone["success"].verdict) == (0.03125, "worse")
    assert (among["success"].p_adjusted, among["success"].verdict) == (0.09375, "not distinguishable")


def test_crashes_and_seeds_of_one_side_only(tmp_path):
    crash = record(800_003, "base", 0, 0, 0, "crashed")
    a = write(tmp_path / "a", [good(s) for s in SEEDS])
    b = write(tmp_path / "b", [crash if s == 800_003 else good(s) for s in [*SEEDS[2:], 800_050]])
    found, by = one(a, b)
    assert (found.unpaired(found.a), found.unpaired(found.b)) == ((800_000, 800_001), (800_050,))
    assert (found.crashed(found.a), found.crashed(found.b)) == (0, 1)
    assert (by["success"].pairs, by["steps"].pairs) == (18, 17)
    assert by["success"].difference == pytest.approx(-1 / 18, rel=1e-5)


def test_a_metric_that_no_pair_has(tmp_path):
    crashed = [record(s, "base", 0, 0, 0, "crashed") for s in SEEDS]
    _, by = one(write(tmp_path / "a", [good(s) for s in SEEDS]), write(tmp_path / "b", crashed))
    assert (by["steps"].verdict, by["steps"].p, by["steps"].pairs) == ("nothing to compare", None, 0)
    assert by["success"].verdict == "worse"


def test_metrics_come_in_the_order_of_the_suite(tmp_path):
    a = write(tmp_path / "a", [good(s) for s in SEEDS], metrics=METRICS[::-1])
    assert list(one(a, a)[1]) == ["steps", "proper", "success"]


def test_another_revision_of_the_source_is_shown(runs, tmp_path):
    b = write(tmp_path / "c", [good(s) for s in SEEDS], began={"revision": "0123456789abcdef+"})
    assert one(runs[0], b)[0].settings == {"(revision)": ("abc", "0123456789+")}


def test_how_many_pairs_a_verdict_needs():
    assert pairs_needed(1) == 6  # 2/64 is below 5 %, 2/32 is not
    assert pairs_needed(13) == 10


def test_table_of_two_runs(runs, capsys):
    assert main(["compare", *map(str, runs)]) == 0
    out = capsys.readouterr().out
    assert "20 episodes pair by seed" in out
    assert "differ in: agent.prior true / false" in out
    [line] = [line for line in out.splitlines() if line.startswith("success %")]
    assert line.split()[2:5] == ["100.0", "25.0", "-75.0"]
    assert line.endswith("distinguishable from noise: worse")


def test_too_few_pairs_are_said_to_be_too_few(tmp_path, capsys):
    a = write(tmp_path / "a", [good(s) for s in SEEDS[:4]])
    b = write(tmp_path / "b", [bad(s) for s in SEEDS[:4]])
    assert main(["compare", str(a), str(b)]) == 0
    assert "4 pairs are too few to tell anything apart in 3 tests: at least 7 must differ" in capsys.readouterr().out


def test_variants_of_one_run_against_its_base(tmp_path, capsys):
    records = [f(s, v) for s in SEEDS for f, v in ((good, "base"), (bad, "no-prior"), (good, "again"))]
    names = {"base": {}, "no-prior": {"agent.prior": False}, "again": {"mess": 6}}
    run = str(write(tmp_path, records, variants=names))
    assert main(["compare", run, "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["comparisons"]
    assert (first["a"]["variant"], first["b"]["variant"], second["b"]["variant"]) == ("base", "no-prior", "again")
    assert (first["settings"], second["settings"]) == ({"agent.prior": [True, False]}, {"mess": [5, 6]})
    assert {d["verdict"] for d in first["differences"]} == {"worse"}
    assert {d["verdict"] for d in second["differences"]} == {"same"}
    assert main(["compare", run, "--variant-a", "no-prior", "--variant-b", "again", "--json"]) == 0
    [only] = json.loads(capsys.readouterr().out)["comparisons"]
    assert {d["verdict"] for d in only["differences"]} == {"better"}


def test_two_runs_are_compared_variant_by_variant(tmp_path, capsys):
    a = write(tmp_path / "a", [good(s, v) for s in SEEDS for v in ("base", "x", "old")])
    b = write(tmp_path / "b", [good(s, v) for s in SEEDS for v in ("base", "x", "new")])
    assert main(["compare", str(a), str(b), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["comparisons"]
    assert [(c["a"]["variant"], c["b"]["variant"]) for c in found] == [("base", "base"), ("x", "x")]


@pytest.mark.parametrize(
    ("change", "words", "said"),
    [
        ({"protocol": "streets"}, [], "the runs are of different protocols: 'tidy' in "),
        ({"name": "mine"}, [], "the runs are of different suites: 'tidy-test' in "),
        ({}, ["--variant-b", "prior"], "has no variant 'prior'; it has base"),
        ({}, ["--metrics", "sucess"], "the runs share no metric 'sucess'; they have success, proper, steps"),
    ],
)
def test_what_cannot_be_compared(runs, tmp_path, capsys, change, words, said):
    b = write(tmp_path / "c", [good(s) for s in SEEDS], **change)
    assert main(["compare", str(runs[0]), str(b), *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_no_seed_in_common(runs, tmp_path, capsys):
    b = write(tmp_path / "c", [good(s) for s in range(5)])
    assert main(["compare", str(runs[0]), str(b)]) == 2
    assert "have no seed in common" in capsys.readouterr().err


def test_one_run_of_one_variant(runs, capsys):
    assert main(["compare", str(runs[0])]) == 2
    assert "has one variant only; name a second run" in capsys.readouterr().err


def test_a_variant_against_itself(runs, capsys):
    assert main(["compare", str(runs[0]), "--variant-b", "base"]) == 2
    assert "'base' would be compared with itself" in capsys.readouterr().err


def test_runs_without_a_variant_in_common(tmp_path, capsys):
    a = write(tmp_path / "a", [good(s, v) for s in SEEDS for v in ("x", "y")])
    b = write(tmp_path / "b", [good(s, v) for s in SEEDS for v in ("z", "w")])
    assert main(["compare", str(a), str(b)]) == 2
    assert "choose by --variant-a (x, y) and --variant-b (z, w)" in capsys.readouterr().err


def test_no_run(tmp_path):
    with pytest.raises(CompareError, match=r"holds no run: there is no suite.json"):
        read_run(tmp_path)


def test_a_run_that_goes_on(runs):
    RunFolder(runs[0]).table.unlink()
    with pytest.raises(CompareError, match="is not complete; finish it"):
        read_run(runs[0])


def test_a_table_older_than_its_episodes(runs):
    with RunFolder(runs[0]).episodes.open("a") as file:
        file.write(good(800_030).line() + "\n")
    with pytest.raises(CompareError, match="has gone on since its table was made"):
        read_run(runs[0])


@pytest.mark.parametrize("text", ["[]", "{", '{"variants": 3, "metrics": {}}', '{"variants": {}}'])
def test_files_of_something_else(runs, text):
    RunFolder(runs[0]).table.write_text(text)
    with pytest.raises(CompareError, match=r"cannot read|are not those of a run"):
        read_run(runs[0])
