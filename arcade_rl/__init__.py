"""arcade_rl: train agents to play games in crash-proof chunks, and show people how they learn."""

__version__ = "0.1.0"
