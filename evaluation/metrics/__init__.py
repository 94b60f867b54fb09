"""Metrics of episodes: pure functions with their formula and source, one module a family."""
