"""Where the machine code of this package is kept."""

from __future__ import annotations

from pathlib import Path

from arcade_rl_drmario.simulator.compiled import entry_beside

entry = entry_beside(Path(__file__).parent)
"""Compile a function that Python calls; its machine code is kept apart from the simulator's."""
