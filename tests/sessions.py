"""Sessions of episodes that a test has at hand, without naming a source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial

from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Title
from arcade_rl.playback.eyes import Eyes, Mind
from arcade_rl.playback.game import find_playable
from arcade_rl.playback.performance import KEPT_BYTES, Performance
from arcade_rl.playback.player import Player
from arcade_rl.playback.rerun import Rerun, can_rerun
from arcade_rl.playback.session import About, Session, Wants
from arcade_rl.recording.recording import Recording

NOBODY = About(Title("", ""), "recorded")


def open_eyes(
    performance: Performance,
    go_on: Callable[[], None] = lambda: None,
    kept_bytes: int = KEPT_BYTES,
) -> Eyes:
    """Who knows what was seen, as for a source: by playing the episode again where that can be done."""
    played = find_playable(performance.recording)
    rerun = partial(Rerun, played, performance, go_on)
    again = rerun if can_rerun(performance.recording, played) else None
    return Eyes(performance, "the episode", again, kept_bytes)


@contextmanager
def session_of(
    episode: Recording | Performance,
    player: Player | None = None,
    about: About = NOBODY,
    overlay: Overlay | None = None,
) -> Iterator[Session]:
    """A session of an episode with its terms, and with what a player's policy does where one is given."""
    performance = Performance(episode) if isinstance(episode, Recording) else episode
    with closing(open_eyes(performance)) as eyes:
        wants = Wants(overlay=overlay)
        if player is None or not eyes.can_see:
            with Session(performance, wants, about, eyes) as session:
                yield session
            return
        with player.taps() as taps:
            mind = Mind(taps, eyes, performance)
            with Session(performance, wants, about, eyes, mind) as session:
                yield session
