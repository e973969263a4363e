"""Windows without a display that follow a training."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import chain

import numpy as np
from supervised import wait_until
from watched import SIZE, message

from arcade_rl.playback.followed_programme import FollowedEpisodes
from arcade_rl.playback.following import Following
from arcade_rl.playback.library import Run
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.watched import LocalFeed
from arcade_rl.viewer.viewer import Viewer, ViewerOptions
from arcade_rl.viewer.window import ViewerWindow

QUICK = ViewerOptions(detail="minimal")
Shown = dict[tuple[int, int], dict[int, int]]
"""Checksums of the frames of each episode that was shown, by environment and the step of the run at
which the episode began, then by frame."""


@contextmanager
def following(
    run: RunDirectory, options: ViewerOptions = QUICK, environment: int = 0
) -> Iterator[Viewer]:
    """A window without a display that follows the run, with its first episode."""
    with ExitStack() as stack:
        follow = stack.enter_context(closing(Following(LocalFeed(run))))
        window = stack.enter_context(closing(ViewerWindow(SIZE, "test", headless=True)))
        viewer = Viewer(FollowedEpisodes(follow, environment), window, options)
        stack.callback(viewer.close)
        viewer.open()
        viewer.draw()
        yield viewer


def turns(viewer: Viewer, count: int = 1, shown: Shown | None = None) -> None:
    """Let the time of so many frames pass, and note what is shown."""
    for _ in range(count):
        viewer._poll()
        if shown is not None:
            note(viewer, shown)
        viewer.attempt(lambda: viewer.player.tick(_a_frame(viewer)))
        if shown is not None:
            note(viewer, shown)


def _a_frame(viewer: Viewer) -> float:
    """Time of a frame, and a bit more, s."""
    return 1.001 / float(viewer.slide.session.declaration.frame_rate)


def note(viewer: Viewer, shown: Shown) -> None:
    about, scene = viewer.slide.session.recording.metadata, viewer.player.scene
    frames = shown.setdefault((about.environment, about.step_start), {})
    frames[scene.playback.frame] = zlib.crc32(np.ascontiguousarray(scene.frame).data)


def turns_until(
    viewer: Viewer,
    condition: Callable[[], bool],
    shown: Shown | None = None,
    timeout_s: float = 60.0,
) -> None:
    def turned() -> bool:
        turns(viewer, 20, shown)
        return condition()

    wait_until(turned, timeout_s)


def recorded_frames(run: RunDirectory, shown: Shown) -> Shown:
    """Checksums of those frames of recorded episodes that were shown. Other frames are not drawn."""
    found: Shown = {}
    for episode in Run(run.path).iterate():
        about = episode.metadata
        key = about.environment, about.step_start
        if key not in shown:
            continue
        frames, number = found.setdefault(key, {}), 0
        with episode.replay() as replay:
            for moment in chain([replay.moment], replay):
                for place in range(len(moment.frames)):
                    at = number + place + bool(moment.step)
                    if at in shown[key]:
                        frames[at] = zlib.crc32(np.ascontiguousarray(moment.frames[place]).data)
                number += len(moment.frames) * bool(moment.step)
    return found


def is_done(viewer: Viewer) -> bool:
    """Whether everything that can be shown was shown."""
    return viewer.player.is_waiting and message(viewer).endswith("nothing more comes")
