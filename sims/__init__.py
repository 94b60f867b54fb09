"""Worlds behind one contract: see contract.py."""
