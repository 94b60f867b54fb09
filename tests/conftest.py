"""Options of the whole test suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--world",
        default="house",
        help="world of the conformance kit: a name such as 'house', or any id that gymnasium.make takes",
    )
