"""Prompts of the planner, the critic and the memory, one file a version."""
