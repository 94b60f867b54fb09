"""Retrieval: what is found by words, by meaning, by time and by association, and how the answers are put together."""
