"""Prompts of the thalamus, one file a version."""
