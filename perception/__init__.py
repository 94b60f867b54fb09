"""Thalamus: frames become percepts."""
