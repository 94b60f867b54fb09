"""What people ask for, as goals: a grammar of household requests, and how a goal is said."""

from engram.planners.goals.colours import COLOURS, colour_word
from engram.planners.goals.describe import describe
from engram.planners.goals.parser import GoalConfig, GoalParser, Unparsed, is_search, is_tidy, parse_goal

__all__ = [
    "COLOURS",
    "GoalConfig",
    "GoalParser",
    "Unparsed",
    "colour_word",
    "describe",
    "is_search",
    "is_tidy",
    "parse_goal",
]
