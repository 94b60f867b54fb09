"""Cerebellum and whole brains: plans become actions."""
