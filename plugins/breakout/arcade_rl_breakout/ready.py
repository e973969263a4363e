"""Importing this module opens emulators, so that the processes that are forked afterwards have them."""

from arcade_rl_breakout.console import keep_ready

READY = 8
"""As many as a training has environments by default; the others are opened when they are needed."""

keep_ready(READY)
