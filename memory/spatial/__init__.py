"""Spatial memory: where is matter, where is none, and what is known of a place."""
