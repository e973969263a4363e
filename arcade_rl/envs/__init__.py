"""Vectorised environments: seeds, seats, processes, accounts, and the checks for every game."""
