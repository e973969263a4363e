"""`arcade-rl watch`: a window on recorded episodes and on checkpoints that play."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arcade_rl.cli.appearance import CAMERA, SIGNS, THEME, overlay
from arcade_rl.cli.evaluate import OPPONENT
from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import RUNS_DIR, SEED, SET
from arcade_rl.errors import UsageError

if TYPE_CHECKING:
    from arcade_rl.playback.programme import Programme
    from arcade_rl.viewer.clip import ClipJob, ClipOrder
    from arcade_rl.viewer.viewer import Viewer, ViewerOptions
    from arcade_rl.viewer.window import ViewerWindow

SIZE = (1280, 720)
"""(width, height) of a picture without a window, pixel."""


@click.command(
    epilog=examples(
        "arcade-rl watch first:123    # a recorded episode",
        "arcade-rl watch first@50%    # the checkpoint plays",
        "arcade-rl watch drmario:search2 --set options.level=10",
    )
)
@click.argument("reference", metavar="RUN[@CKPT]|RUN:EPISODE|FILE|GAME:POLICY")
@SET
@overlay("full")
@THEME
@SIGNS
@CAMERA
@click.option("--seed", type=SEED, help="Seed of the games that a checkpoint plays.")
@click.option(
    "--deterministic/--sampled", default=None, help="How a checkpoint chooses its actions."
)
@OPPONENT
@click.option("--headless", is_flag=True, help="Draw without a display, and write --screenshot.")
@click.option(
    "--frames",
    type=click.IntRange(0, 10**6),
    help="Frames that --headless plays.",
)
@click.option(
    "--screenshot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.png",
    help="Where --headless writes the last frame.",
)
@RUNS_DIR
def watch(
    reference: str, assignments: tuple[str, ...], detail: Any, theme: str, signs: str, camera: str | None, seed: int | None,
    deterministic: bool | None, opponent: str | None, headless: bool, frames: int | None,
    screenshot: Path | None, runs_dir: str | None,
) -> None:  # fmt: skip
    """Show recorded episodes, or a checkpoint that plays, in a window.

    RUN:EPISODE and FILE show what was recorded; RUN@CKPT lets a checkpoint play, RUN its newest one,
    and GAME:POLICY one of the policies that a game brings along. Press ? for the keys.
    """
    _check_headless(headless, frames, screenshot)
    programme, folder = _programme(reference, runs_dir, seed, deterministic, opponent, assignments)

    from arcade_rl.viewer.memory import remembered_size
    from arcade_rl.viewer.viewer import ViewerOptions
    from arcade_rl.viewer.window import ViewerWindow

    options = ViewerOptions(detail or "full", theme, signs, camera, folder, _export_command)
    size = SIZE if headless else remembered_size()
    window = ViewerWindow(size, f"{programme.name} - arcade_rl", headless)
    try:
        if frames is not None and screenshot is not None:
            _draw(programme, window, options, frames, screenshot)
        else:
            _run(programme, window, options)
    finally:
        window.close()


def _check_headless(headless: bool, frames: int | None, screenshot: Path | None) -> None:
    given = [frames is not None, screenshot is not None]
    if headless != all(given) or any(given) != all(given):
        raise UsageError(
            "--headless, --frames and --screenshot belong together; give all of them or none"
        )
    if screenshot is not None and screenshot.suffix.lower() != ".png":
        raise UsageError(
            f"--screenshot {screenshot} is no PNG file; expected a name that ends with .png"
        )


def _programme(
    reference: str, runs_dir: str | None, seed: int | None, deterministic: bool | None,
    opponent: str | None, assignments: tuple[str, ...],
) -> tuple[Programme, Path]:  # fmt: skip
    """The episodes to show, and the folder for clips and screenshots."""
    from arcade_rl.playback.programme import programme_of
    from arcade_rl.playback.references import find_built_in, find_source
    from arcade_rl.playback.sources import BuiltInSource, FiledSource, PlayedSource
    from arcade_rl.runs.directory import RunDirectory

    source = find_source(reference, runs_dir, seed, deterministic, opponent, assignments)
    if isinstance(source, FiledSource):
        folder, usual = Path(), 0
    elif isinstance(source, BuiltInSource):
        folder = Path()
        usual = find_built_in(reference, assignments)[0].config.evaluation.seed
    else:
        run = RunDirectory(source.run)
        folder, usual = run.videos, run.configuration().evaluation.seed
    choices = (
        (deterministic,) if isinstance(source, BuiltInSource) else (seed, deterministic, opponent)
    )
    if any(choice is not None for choice in choices) and not isinstance(source, PlayedSource):
        raise UsageError(
            "--seed, --deterministic, --sampled and --opponent are for checkpoints; "
            f"{reference} was recorded"
        )
    return programme_of(source, usual if seed is None else seed), folder


def _draw(
    programme: Programme,
    window: ViewerWindow,
    options: ViewerOptions,
    frames: int,
    screenshot: Path,
) -> None:
    from arcade_rl.viewer.viewer import Viewer

    viewer = Viewer(programme, window, options)
    try:
        viewer.open()
        viewer.play_frames(frames)
        viewer.screenshot(screenshot)
    finally:
        viewer.close()
    click.echo(screenshot)


def _run(programme: Programme, window: ViewerWindow, options: ViewerOptions) -> None:
    from arcade_rl.viewer.viewer import Viewer

    viewer = Viewer(programme, window, options)
    try:
        viewer.open()
        if not viewer.is_closed:
            viewer.run()
        _remember(viewer)
    finally:
        clips = viewer.close()
        window.close()
        _finish(clips)


def _finish(clips: Sequence[ClipJob]) -> None:
    """Wait for the clips that are still being written, and say what became of them."""
    from arcade_rl.cli.output import notice

    for clip in clips:
        notice(f"writing {clip.order.out}")
        notice(clip.wait())


def _remember(viewer: Viewer) -> None:
    from arcade_rl.cli.output import notice
    from arcade_rl.viewer.memory import remember_size, state_file

    try:
        remember_size(viewer.window.size_to_keep)
    except OSError as error:
        notice(f"the size of the window is not remembered in {state_file()}: {error.strerror}")


def _export_command(order: ClipOrder) -> Sequence[str]:
    """The command that writes a clip."""
    return [
        sys.executable, "-m", "arcade_rl", "export", "episode", order.reference,
        "--start", str(order.start), "--end", str(order.end), "--overlay", order.detail,
        "--theme", order.theme, "--signs", order.signs,
        *([] if order.camera is None else ["--camera", order.camera]),
        "--preset", "debug-720p", "--out", str(order.out),
    ]  # fmt: skip
