"""Vectorised environments: seeds, and the checks that every game must pass."""
