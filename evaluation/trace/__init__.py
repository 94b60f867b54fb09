"""Traces: what an episode did, step by step, in one MCAP file that can be looked at and decided again."""
