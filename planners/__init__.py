"""Prefrontal cortex: goals become plans."""
