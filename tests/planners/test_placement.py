from __future__ import annotations

import json

import pytest

from engram.planners.placement import FLOOR, Candidate, PlacementCountsError, PlacementPrior

TABLE = {
    "version": 1,
    "source": "test",
    "counts": {
        "Mug": {"CounterTop": {"Kitchen": 30}, "Desk": {"Bedroom": 9}},
        "Boots": {FLOOR: {"Bedroom": 12}},
    },
    "rooms": {"Kitchen": {"Fridge": 10, "CounterTop": 20, "Chair": 10}, "Bedroom": {"Bed": 10, "Desk": 8, "Chair": 6}},
}


def test_room_is_told_by_its_furniture():
    prior = PlacementPrior(TABLE)
    assert prior.room_belief([]) == {"Bedroom": 0.5, "Kitchen": 0.5}
    assert prior.room_belief(["Spaceship"]) == {"Bedroom": 0.5, "Kitchen": 0.5}
    assert prior.room_belief(["Fridge"])["Kitchen"] > 0.9
    assert prior.room_belief(["Bed", "Desk", "Chair"])["Bedroom"] > 0.98


def test_furniture_counts_by_its_share():
    prior = PlacementPrior(TABLE)
    near_bed = prior.room_belief({"Bed": 1.0, "Fridge": 0.2})
    near_fridge = prior.room_belief({"Bed": 0.2, "Fridge": 1.0})
    assert near_bed["Bedroom"] > 0.8
    assert near_fridge["Kitchen"] > 0.8
    assert prior.room_belief({"Fridge": 1.0}) == prior.room_belief(["Fridge"])
    assert prior.room_belief({"Fridge": 0.0}) == prior.room_belief([])


def test_out_of_place_depends_on_receptacle_and_room():
    prior = PlacementPrior(TABLE)
    kitchen, bedroom = {"Kitchen": 1.0, "Bedroom": 0.0}, {"Kitchen": 0.0, "Bedroom": 1.0}
    assert prior.out_of_place("Mug", "CounterTop", kitchen) < 0.1
    assert prior.out_of_place("Mug", "CounterTop", bedroom) == 1.0
    assert prior.out_of_place("Mug", None, kitchen) == 1.0
    assert prior.out_of_place("Boots", None, bedroom) < 0.1
    assert prior.out_of_place("Gizmo", None, bedroom) == 0.0
    half = {"Kitchen": 0.5, "Bedroom": 0.5}
    assert prior.out_of_place("Mug", "Desk", half) == pytest.approx(1 - 0.5 * 9 / 10)


def test_ranks_proper_before_near_and_near_among_proper():
    prior = PlacementPrior(TABLE)
    kitchen, bedroom = {"Kitchen": 1.0}, {"Bedroom": 1.0}
    candidates = [
        Candidate("Bed", bedroom, 1.0),
        Candidate("CounterTop", kitchen, 40.0),
        Candidate("CounterTop", kitchen, 10.0),
        Candidate("CounterTop", bedroom, 0.0),
    ]
    ranked = prior.rank_receptacles("Mug", candidates)
    assert [k for k, _ in ranked] == [2, 1, 3, 0]
    assert ranked[0][1] > 0.9
    assert ranked[-1][1] == 0.0


def test_shipped_table_knows_the_obvious():
    prior = PlacementPrior.load()
    kitchen = prior.room_belief(["Fridge", "StoveBurner", "CounterTop"])
    assert kitchen["Kitchen"] > 0.9
    assert prior.out_of_place("Pan", "StoveBurner", kitchen) < 0.3
    assert prior.out_of_place("Pillow", "CounterTop", kitchen) > 0.9
    assert prior.is_receptacle("CounterTop")
    assert not prior.is_receptacle(FLOOR)
    assert not prior.knows("Sofa")


@pytest.mark.parametrize(("text", "message"), [("{", "not JSON"), ("[]", "must be an object"), ("{}", "version")])
def test_a_broken_table_names_the_file(tmp_path, text, message):
    path = tmp_path / "counts.json"
    path.write_text(text)
    with pytest.raises(PlacementCountsError, match=f"counts.json.*{message}"):
        PlacementPrior.load(path)
    path.write_text(json.dumps(TABLE))
    assert PlacementPrior.load(path).knows("Mug")


def test_what_may_be_one_of_two_goes_where_both_are_likely_to_belong():
    counts = {
        "Mug": {"CounterTop": {"Kitchen": 9}, "Desk": {"Kitchen": 9}},
        "Pencil": {"Desk": {"Kitchen": 9}, "Shelf": {"Kitchen": 9}},
    }
    prior = PlacementPrior({"version": 1, "counts": counts})
    candidates = [Candidate(name, {"Kitchen": 1.0}) for name in ("CounterTop", "Shelf", "Desk")]
    ranked = prior.rank_believed({"Mug": 0.3, "Pencil": 0.3}, candidates)
    assert next(k for k, _ in ranked) == 2
    assert dict(ranked) == pytest.approx({0: 0.45, 1: 0.45, 2: 0.9})
    assert prior.rank_believed({"Mug": 0.7}, candidates) == prior.rank_receptacles("Mug", candidates)
