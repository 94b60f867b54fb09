from __future__ import annotations

import signal
import threading

import pytest

from engram.evaluation.runner import interruptible, run_episode
from engram.evaluation.tidy import make_agent, run_tidy
from engram.sims.contract import Verb, act


class Scripted:
    """Plays actions; the last one again and again."""

    def __init__(self, *actions, at_step=None):
        self.actions, self.step, self.at_step = actions, -1, at_step

    def reset(self, observation):
        self.step = -1

    def act(self, observation):
        self.step += 1
        if self.step == self.at_step:
            signal.raise_signal(signal.SIGINT)
        return self.actions[min(self.step, len(self.actions) - 1)]

    def status(self):
        return {"phase": "play"}


def test_log_tells_what_happened(make_world, box_task):
    world = make_world(box_task)
    seen = []
    agent = Scripted(act(Verb.LOOK_DOWN), act(Verb.PICK, 0.5, 0.25), act(Verb.ROTATE_LEFT), act(Verb.DONE))
    episode = run_episode(world, agent, 7, {}, [seen.append])
    assert episode.ended == "done"
    assert [(s.step, s.verb, s.outcome) for s in episode.steps] == [
        (0, "look_down", "ok"),
        (1, "pick", "nothing_there"),
        (2, "rotate_left", "ok"),
        (3, "done", "ok"),
    ]
    assert [s.point for s in episode.steps] == [None, (0.5, 0.25), None, None]
    assert episode.steps[2].base == (0.0, 0.0, 1.5708)
    assert [t.record and t.record.step for t in seen] == [None, 0, 1, 2, 3]
    assert episode.outcomes() == {"nothing_there": 1, "ok": 3}
    assert episode.picked == ()
    assert episode.displaced == ("Mug", "Pan", "Pillow")
    assert set(episode.timing_secs) == {"agent", "reset", "watching", "world"}


def test_steps_run_out(make_world, box_task):
    world = make_world(box_task)
    object.__setattr__(world.config, "max_steps", 3)
    episode = run_episode(world, Scripted(act(Verb.ROTATE_LEFT)), 7, {})
    assert (episode.ended, len(episode.steps)) == ("out_of_steps", 3)


def test_first_interrupt_ends_the_episode_after_its_step(make_world, box_task):
    before = signal.getsignal(signal.SIGINT)
    episode = run_episode(make_world(box_task), Scripted(act(Verb.ROTATE_LEFT), at_step=2), 7, {})
    assert (episode.ended, len(episode.steps)) == ("interrupted", 3)
    assert episode.end
    assert signal.getsignal(signal.SIGINT) is before


def test_second_interrupt_gets_through():
    with interruptible() as asked:
        signal.raise_signal(signal.SIGINT)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_other_threads_leave_signals_alone():
    before, found = signal.getsignal(signal.SIGINT), []

    def work():
        with interruptible() as asked:
            found.append((asked(), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=10)
    assert found == [(False, before)]


def test_tidy_run_is_scored_from_the_world(make_world, box_task):
    run = run_tidy(box_task, make=make_world)
    m = run.score.metrics()
    assert (m["displaced"], m["displaced_proper"], m["undisplaced_worse"], m["missed"]) == (3, 3, 0, 0)
    assert {name for _, name in run.episode.picked} == {"Mug", "Pillow", "Pan"}
    picks = [e.step for e in run.agent.journal() if e.kind == "picked"]
    assert picks == [step for step, _ in run.episode.picked]


def test_agent_gets_no_world(make_world, box_task):
    world = make_world(box_task)
    agent = make_agent(world, box_task)
    assert world not in [*vars(agent).values(), *vars(agent._sit).values()]
    assert (agent.config.step_m, agent.config.rotate_deg, agent.config.max_steps) == (0.25, 90.0, 1000)
