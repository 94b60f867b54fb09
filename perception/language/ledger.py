"""What asking language models has cost: calls, tokens, money and time, by prompt."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engram.perception.language.contract import LanguageError, LanguageModel, Reply, Request, Usage

_KEPT = 1000


@dataclass(frozen=True)
class Prices:
    """What tokens cost."""

    usd_per_million_in: float = 0.0
    usd_per_million_out: float = 0.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if min(self.usd_per_million_in, self.usd_per_million_out) < 0:
            raise ValueError("prices must not be negative")

    def of(self, usage: Usage) -> float:
        """Return US dollars."""
        spent = usage.prompt_tokens * self.usd_per_million_in + usage.completion_tokens * self.usd_per_million_out
        return spent / 1e6


@dataclass(frozen=True)
class Record:
    """One call."""

    prompt: str  # name and version
    digest: str  # of the prompt's text
    outcome: str  # "ok" or a code of LanguageError
    usage: Usage
    usd: float
    secs: float


@dataclass
class Account:
    """Sums of the calls of one prompt."""

    digest: str
    calls: int = 0
    attempts: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: int = 0  # calls whose tokens are a guess
    usd: float = 0.0
    secs: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)


class Ledger:
    """All calls of a run. It may be written from several threads."""

    def __init__(self) -> None:
        """Start with none."""
        self.records: deque[Record] = deque(maxlen=_KEPT)  # the newest
        self.accounts: dict[str, Account] = {}  # by prompt; a digest that changes in a run is the newest
        self._lock = threading.Lock()

    @property
    def usd(self) -> float:
        """All that was spent."""
        return sum(account.usd for account in self.accounts.values())

    def note(self, record: Record) -> None:
        """Add a call."""
        usage = record.usage
        with self._lock:
            self.records.append(record)
            account = self.accounts.setdefault(record.prompt, Account(record.digest))
            account.digest = record.digest
            account.calls += 1
            account.attempts += usage.attempts
            account.prompt_tokens += usage.prompt_tokens
            account.completion_tokens += usage.completion_tokens
            account.estimated += usage.estimated
            account.usd += record.usd
            account.secs += record.secs
            account.outcomes[record.outcome] += 1

    def plain(self) -> dict[str, Any]:
        """Return the sums by prompt as JSON data."""
        with self._lock:
            return {p: {**vars(a), "outcomes": dict(a.outcomes)} for p, a in sorted(self.accounts.items())}


class Metered:
    """A model whose calls are written down."""

    def __init__(
        self,
        model: LanguageModel,
        ledger: Ledger,
        prices: Prices | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the model, where to write, and what tokens cost."""
        self.ledger = ledger
        self._model, self._prices, self._clock = model, prices or Prices(), clock

    def ask(self, request: Request) -> Reply:
        """Return the answer; see :class:`LanguageModel`."""
        begin = self._clock()
        try:
            reply = self._model.ask(request)
        except LanguageError as error:
            self._note(request, error.reason, error.usage, begin)
            raise
        self._note(request, "ok", reply.usage, begin)
        return reply

    def _note(self, request: Request, outcome: str, usage: Usage, begin: float) -> None:
        usd, secs = self._prices.of(usage), self._clock() - begin
        self.ledger.note(Record(request.prompt, request.digest, outcome, usage, usd, secs))
