"""Searching a machine's memory for the numbers that a game keeps there."""
