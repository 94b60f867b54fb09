"""A small language model that plans, as transformers has it; ``planner.md`` says what it can do.

It was trained on plans of the symbolic planner, and reads nothing but the prompt ``planner-small``.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def small_model() -> Path:
    """Return the folder of the model.

    Raises:
        FileNotFoundError: it does not lie in a folder, or without weights.

    """
    folder = Path(str(files("engram.planners.llm.small")))
    if not (folder / "model.safetensors").exists():
        raise FileNotFoundError(f"{folder} has no model.safetensors; make it by `engram train planner`")
    return folder
