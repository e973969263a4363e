"""What an author needs who writes one episode of a game, and leaves the rest to the core."""

from arcade_rl.adapters.episode import Episode, Step, Use
from arcade_rl.adapters.game import EpisodeGame

__all__ = ["Episode", "EpisodeGame", "Step", "Use"]
