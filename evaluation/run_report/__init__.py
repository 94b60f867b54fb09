"""The report of a run: ``report.html``, one page that needs nothing else, and ``report.json``."""

from engram.evaluation.run_report.build import write

__all__ = ["write"]
