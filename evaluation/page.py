"""The report of a tidy run as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engram.agents.base import Agent
from engram.agents.events import Event
from engram.evaluation.figures import Mark, data_uri, map_figure, timeline_figure
from engram.evaluation.reasons import explain
from engram.evaluation.scoring import ObjectScore, Score
from engram.evaluation.tidy import TidyRun

Spot = tuple[float, float]  # image point


@dataclass(frozen=True, eq=False)
class Move:
    """A thing that was picked up, and what came of it."""

    number: int
    picked: Event
    placed: Event | None
    failure: str  # reason, when it was not placed
    truth: ObjectScore | None
    picked_at: Spot | None = None  # where in the picture
    placed_at: Spot | None = None


def moves_of(
    journal: Sequence[Event], picks: Mapping[int, str], score: Score, points: Mapping[int, Spot | None] | None = None
) -> list[Move]:
    """Pair each pick of a journal with the placing that followed.

    ``picks`` maps steps to ids of objects, ``points`` steps to the image points of their actions.
    """
    at = points or {}
    objects = {o.id: o for o in score.objects}
    found: list[Move] = []
    for k, event in enumerate(journal):
        if event.kind != "picked":
            continue
        placed, failure = None, ""
        for later in journal[k + 1 :]:
            if later.kind == "picked":
                break
            if later.kind == "placed":
                placed, failure = later, ""
                break
            if later.kind == "failed":
                failure = later.reason
        thing = objects.get(picks.get(event.step, ""))
        there = at.get(placed.step) if placed else None
        found.append(Move(len(found) + 1, event, placed, failure, thing, at.get(event.step), there))
    return found


def page(run: TidyRun, document: Mapping[str, Any]) -> str:
    """Return the whole HTML file; ``document`` is what ``report.json`` holds."""
    journal = run.agent.journal()
    moves = moves_of(journal, dict(run.episode.picked), run.score, {r.step: r.point for r in run.episode.steps})
    s = run.score
    files = resources.files("engram.evaluation")
    template = Template(files.joinpath("report.html").read_text(encoding="utf-8"))
    return template.substitute(
        style=files.joinpath("report.css").read_text(encoding="utf-8"),
        title=f"engram tidy, seed {run.task.seed}",
        headline=_headline(s),
        subtitle=escape(_subtitle(run)),
        banner=_banner(run),
        tiles=_tiles(run, document),
        map=_map(run.agent, moves),
        timeline=timeline_figure(run.episode.steps, journal),
        moves=_moves(moves),
        mess=_mess(s),
        failures=_failures(journal, run.episode.outcomes(), run.bad_input),
        facts=_facts(document),
        journal_count=str(len(journal)),
        journal=_journal(journal),
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[int] = ()) -> str:
    """HTML table; cells are HTML, columns of ``numeric`` are set to the right."""

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f'<{tag} class="n">{c}</{tag}>' if k in numeric else f"<{tag}>{c}</{tag}>" for k, c in enumerate(row)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>"


def _headline(score: Score) -> str:
    if not score.displaced:
        return "Nothing had been displaced"
    return f"{score.displaced_proper} of {score.displaced} displaced things are where they belong"


def _subtitle(run: TidyRun) -> str:
    info, task = run.episode.info, run.task
    rooms = {o.room for o in run.episode.start if o.room}
    house = f"the house of {task.house.name}" if task.house else f"house {info.get('seed', task.seed)}"
    return (
        f"engram tidy in {house}: {len(rooms)} room{'s' * (len(rooms) != 1)}, {len(run.episode.start)} things; "
        f"perception: {task.perception}"
    )


def _banner(run: TidyRun) -> str:
    said = {
        "interrupted": "The run was interrupted; this is how far it came.",
        "out_of_steps": "The steps were spent before the robot was done.",
    }.get(run.episode.ended)
    return f'<p class="banner">{said}</p>' if said else ""


def _tiles(run: TidyRun, document: Mapping[str, Any]) -> str:
    s, metrics = run.score, document["metrics"]
    left = metrics["energy_displaced"]
    seconds = document["timing_secs"].get("total", 0.0)
    fixed = "good" if s.displaced_proper == s.displaced else "warn" if s.displaced_proper else "bad"
    tiles = [
        (f"{s.displaced_proper}<small> / {s.displaced}</small>", "displaced things in a proper place", fixed),
        (
            f"{s.undisplaced_worse}<small> / {s.undisplaced}</small>",
            "other things made worse",
            "bad" if s.undisplaced_worse else "good",
        ),
        (f"{metrics['steps']}<small> / {run.task.max_steps}</small>", "steps", ""),
        (f"{metrics['path_m']:.0f}<small> m</small>", "driven", ""),
        (str(metrics["action_errors"]), "actions that failed", ""),
        (f"{seconds:.0f}<small> s</small>", "on the clock", ""),
    ]
    if left is not None:
        tiles.insert(2, (f"{100 * left:.0f}<small> %</small>", "of the mess left (energy)", ""))
    return "".join(f'<div class="tile {kind}"><b>{value}</b><span>{text}</span></div>' for value, text, kind in tiles)


def _map(agent: Agent, moves: Sequence[Move]) -> str:
    marks: list[Mark] = []
    pairs: list[tuple[Mark, Mark]] = []
    for move in moves:
        ends = []
        for event in (move.picked, move.placed):
            if event is not None and event.position is not None:
                at = agent.map_to_pixel(event.position[0], event.position[1])
                title = f"{event.kind} {event.label}: {event.target}, step {event.step}"
                ends.append(Mark(event.kind, move.number, at, title))
        marks += ends
        if len(ends) == 2:
            pairs.append((ends[0], ends[1]))
    return map_figure(agent.map_image(), marks, pairs)


def _moves(moves: Sequence[Move]) -> str:
    if not moves:
        return '<p class="soft">Nothing was picked up.</p>'
    return f'<div class="cards">{"".join(map(_card, moves))}</div>'


def _card(move: Move) -> str:
    source, target = move.picked.target or "?", move.placed.target if move.placed else ""
    way = f"{escape(source)} → {escape(target)}" if target else f"from {escape(source)}, not set down where meant"
    after = move.placed.after if move.placed else None
    lost = explain(move.failure) if move.failure else "no picture"
    return (
        f'<article class="card"><div class="pair">{_picture(move.picked.before, "before", move.picked_at)}'
        f'{_picture(after, "after", move.placed_at, lost)}</div><div class="text">'
        f'<h3><span class="n">{move.number}</span>{escape(move.picked.label)}</h3><div>{way}</div>'
        f'<div class="soft">{_steps(move)}</div>{_chips(move)}</div></article>'
    )


def _picture(image: NDArray[np.uint8] | None, caption: str, at: Spot | None, lack: str = "no picture") -> str:
    if image is None:
        return f'<figure><div class="none">{escape(lack)}</div></figure>'
    ring = f'<span class="ring" style="left:{100 * at[0]:.1f}%;top:{100 * at[1]:.1f}%"></span>' if at else ""
    shape = f"aspect-ratio:{image.shape[1]}/{image.shape[0]}"
    return (
        f'<figure style="{shape}"><img src="{data_uri(image, "JPEG")}" alt="{caption}">{ring}'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _steps(move: Move) -> str:
    return f"steps {move.picked.step} to {move.placed.step}" if move.placed else f"step {move.picked.step}"


def _chips(move: Move) -> str:
    chips = []
    if move.truth is not None:
        chips.append(_verdict(move.truth))
        if not move.truth.displaced:
            said, kind = ("was fine before", "warn") if move.truth.proper_start else ("was out of place before", "note")
            chips.append(f'<span class="chip {kind}">{said}</span>')
    if move.placed is not None and move.placed.reason == "not_seen_after":
        chips.append('<span class="chip note">not seen after</span>')
    return f"<div>{''.join(chips)}</div>"


def _verdict(thing: ObjectScore) -> str:
    if thing.proper_end:
        return '<span class="chip good">where it belongs</span>'
    return '<span class="chip bad">out of place</span>'


def _mess(score: Score) -> str:
    rows = [
        (escape(o.category), escape(o.start.text), escape(o.end.text), "yes" if o.picked else "no", _verdict(o))
        for o in score.objects
        if o.displaced
    ]
    worse = [o for o in score.objects if not o.displaced and o.proper_start and not o.proper_end]
    text = table(("thing", "where the mess left it", "where it is now", "picked up", "verdict"), rows)
    if not rows:
        text = '<p class="soft">Nothing was displaced.</p>'
    if worse:
        text += f"<p style='margin-top:16px'>Made worse: {escape(_list_worse(worse))}</p>"
    return text


def _list_worse(things: Sequence[ObjectScore]) -> str:
    return "; ".join(f"{o.category} ({o.start.text} → {o.end.text})" for o in things)


def _failures(journal: Sequence[Event], outcomes: Mapping[str, int], bad_input: Mapping[str, int]) -> str:
    groups: dict[str, list[Event]] = {}
    for event in journal:
        if event.kind == "failed":
            groups.setdefault(event.reason, []).append(event)
    rows = [
        (
            f"<code>{escape(reason)}</code>",
            escape(explain(reason)),
            str(len(events)),
            escape(", ".join(dict.fromkeys(_what(e) for e in events))),
        )
        for reason, events in sorted(groups.items(), key=lambda g: (-len(g[1]), g[0]))
    ]
    text = table(("reason", "meaning", "times", "things"), rows, numeric=(2,)) if rows else "<p>No attempt failed.</p>"
    bad = ", ".join(f"{code} {count}" for code, count in outcomes.items() if code != "ok")
    got_over = "; ".join(f"{explain(reason)}: {count}" for reason, count in bad_input.items())
    return (
        f"{text}<p class='soft' style='margin:14px 0 0'>Single actions that failed: {escape(bad) or 'none'}. "
        f"Bad input that was got over: {escape(got_over) or 'none'}.</p>"
    )


def _what(event: Event) -> str:
    return f"{event.label} ({event.target})" if event.target else event.label


def _facts(document: Mapping[str, Any]) -> str:
    parts = [
        ("setting", document["config"]),
        ("package", document["versions"]),
        ("stage", {name: f"{value:.1f} s" for name, value in document["timing_secs"].items()}),
    ]
    return "".join(
        f"<div>{table((name, ''), [(escape(k), escape(_said(v))) for k, v in values.items()])}</div>"
        for name, values in parts
    )


def _said(value: Any) -> str:
    return "not given" if value is None else str(value)


def _journal(journal: Sequence[Event]) -> str:
    rows = [(str(e.step), e.kind, escape(e.label), escape(e.target), escape(e.reason)) for e in journal]
    return table(("step", "event", "thing", "receptacle", "note"), rows, numeric=(0,))
