"""Importing this module opens emulators, so that the processes that are forked afterwards have them."""

from arcade_rl_breakout.console import keep_ready

READY = 8
"""Number of emulators to open: a training's default number of environments. Others open later."""

keep_ready(READY)
