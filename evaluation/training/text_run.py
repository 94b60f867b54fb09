"""What the trainings that read names or sentences have in common on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from engram.agents.cli import CommandError

Say = Callable[[str], None]


@dataclass(frozen=True)
class TextRun:
    """Options of a training."""

    part: ClassVar[str]  # as ``engram train`` names it

    preset: Literal["quick", "full"] = "full"
    """quick takes minutes and shows that all parts work together; full is what the weights were made with."""
    resume: bool = False
    """Go on from the checkpoints in the output directory, if there are any; what is learned from is always kept."""
    seed: int = 0
    """Seed of weights, order, and of what is left out of what is learned from."""
    text: Literal["hashed", "minilm"] = "hashed"
    """What turns text into vectors: hashed n-grams, or MiniLM where it is installed."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute; auto takes a GPU where there is one."""
    threads: int = 1
    """Threads of the networks on the CPU."""

    def command(self) -> str:
        """What to type to get the same weights; folders are everyone's own."""
        return f"engram train {self.part} --preset {self.preset} --seed {self.seed} --text {self.text}"

    @contextmanager
    def running(self, out: Path) -> Iterator[None]:
        """Train within; checkpoints that are not wanted go first, and what cannot be done is a ``CommandError``."""
        from engram.perception.text import TextModelError

        if not self.resume:
            for path in out.glob("*.checkpoint.safetensors"):
                path.unlink()
        try:
            yield
        except (ValueError, TextModelError) as error:
            raise CommandError(str(error)) from error


def leave(out: Path, card: tuple[str, str], table: str) -> None:
    """Write the card, given its name and its text, and the table beside the weights."""
    name, text = card
    (out / name).write_text(text, encoding="utf-8")
    (out / "table.json").write_text(table, encoding="utf-8")


def span(interval: tuple[float, float], form: str = ".3f") -> str:
    """Return an interval in words."""
    return f"{interval[0]:{form}} to {interval[1]:{form}}"
