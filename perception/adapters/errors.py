"""What can go wrong with a pretrained model: it is not here, or it is not what its family needs."""

from __future__ import annotations


class AdapterError(Exception):
    """A model cannot be used; ``model``, ``cause`` and ``remedy`` are attributes too."""

    def __init__(self, model: str, cause: str, remedy: str) -> None:
        self.model, self.cause, self.remedy = model, cause, remedy
        super().__init__(f"{model}: {cause}; {remedy}")
