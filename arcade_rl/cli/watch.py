"""`arcade-rl watch`: a window on recorded episodes, checkpoints that play, and trainings."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arcade_rl.cli.appearance import CAMERA, SIGNS, THEME, overlay
from arcade_rl.cli.evaluate import OPPONENT
from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import RUNS_DIR, SEED, SET_OPTIONS
from arcade_rl.errors import UsageError

if TYPE_CHECKING:
    from arcade_rl.playback.programme import Programme
    from arcade_rl.viewer.clip import ClipJob, ClipOrder
    from arcade_rl.viewer.viewer import Viewer, ViewerOptions
    from arcade_rl.viewer.window import ViewerWindow

MUTE = click.option("--mute", is_flag=True, help="Let nothing be heard.")
HEADLESS = click.option(
    "--headless", is_flag=True, help="Draw without a display, and write --screenshot."
)
FRAMES = click.option(
    "--frames", type=click.IntRange(0, 10**6), help="Frames that --headless plays."
)
SCREENSHOT = click.option(
    "--screenshot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.png",
    help="Where --headless writes the last frame.",
)
WAY_OUT = (
    "run this on a desktop, through `xvfb-run -a`, or with "
    "`--headless --frames N --screenshot FILE.png`, which needs none"
)
"""What to do where no display is found."""
SIZE = (1280, 720)
"""(width, height) of a picture without a window, pixel."""


@click.command(
    epilog=examples(
        "arcade-rl watch first        # follows the training, while first trains",
        "arcade-rl watch first:123    # a recorded episode",
        "arcade-rl watch first@50%    # the checkpoint plays",
        "arcade-rl watch drmario:search2 --set options.level=10",
        "arcade-rl watch ssh://HOST/home/me/runs/first    # a training of another machine",
    )
)
@click.argument("reference", metavar="RUN[@CKPT]|RUN:EPISODE|FILE|GAME:POLICY|ssh://HOST/PATH")
@SET_OPTIONS
@overlay("full")
@THEME
@SIGNS
@CAMERA
@click.option("--seed", type=SEED, help="Seed of the games that a checkpoint plays.")
@click.option(
    "--deterministic/--sampled", default=None, help="How a checkpoint chooses its actions."
)
@OPPONENT
@click.option(
    "--environment",
    type=click.IntRange(0, 15),
    help="Environment of a training that is shown first.  [default: 0]",
)
@click.option(
    "--remote-program",
    metavar="COMMAND",
    help="How the other machine's shell calls arcade-rl.  [default: arcade-rl]",
)
@HEADLESS
@FRAMES
@SCREENSHOT
@MUTE
@RUNS_DIR
def watch(
    reference: str, assignments: tuple[str, ...], detail: Any, theme: str, signs: str,
    camera: str | None, seed: int | None, deterministic: bool | None, opponent: str | None,
    environment: int | None, remote_program: str | None, headless: bool, frames: int | None,
    screenshot: Path | None, mute: bool, runs_dir: str | None,
) -> None:  # fmt: skip
    """Show a training, recorded episodes, or a checkpoint that plays, in a window.

    RUN follows a run while it trains, and lets its newest checkpoint play otherwise; RUN@CKPT lets
    a checkpoint play, and GAME:POLICY one of the policies that a game brings along; RUN:EPISODE and
    FILE show what was recorded. ssh://[USER@]HOST[:PORT]/PATH follows a run that trains on another
    machine. Press ? for the keys.
    """
    check_headless(headless, frames, screenshot)
    with ExitStack() as stack:
        chosen = PlayChoice(seed, deterministic, opponent, assignments)
        show = _show(reference, runs_dir, chosen, environment, remote_program, stack)
        if show.trains_here and not headless:
            stand_back()

        from arcade_rl.cli.output import notice
        from arcade_rl.viewer.memory import remembered_size
        from arcade_rl.viewer.viewer import ViewerOptions
        from arcade_rl.viewer.window import ViewerWindow

        options = ViewerOptions(
            detail or "full",
            theme,
            signs,
            camera,
            show.folder,
            export_command,
            greeting=show.greeting,
            runs_dir=runs_dir,
            sound=not (mute or headless),
        )
        size = SIZE if headless else remembered_size(notice)
        window = ViewerWindow(size, f"{show.title} - arcade_rl", headless, WAY_OUT)
        stack.callback(window.close)
        if frames is not None and screenshot is not None:
            _draw(show, window, options, frames, screenshot)
        else:
            _run(show, window, options)


def check_headless(headless: bool, frames: int | None, screenshot: Path | None) -> None:
    """UsageError unless the three options that draw a window without a display come together."""
    given = [frames is not None, screenshot is not None]
    if headless != all(given) or any(given) != all(given):
        raise UsageError(
            "--headless, --frames and --screenshot belong together; give all of them or none"
        )
    if screenshot is not None and screenshot.suffix.lower() != ".png":
        raise UsageError(
            f"--screenshot {screenshot} is no PNG file; expected a name that ends with .png"
        )


def stand_back() -> None:
    """Let this process, and all that it starts, have the processor after a training that wants it,
    too."""
    from arcade_rl.playback.ensemble_process import NICENESS

    present = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, max(present, NICENESS))


@dataclass(frozen=True, slots=True)
class PlayChoice:
    """How a checkpoint, or a policy that a game brings along, is to play; None for what the
    configuration says."""

    seed: int | None
    deterministic: bool | None
    opponent: str | None
    assignments: tuple[str, ...]
    """Changed options of the game, which only a policy of a game takes."""

    @property
    def is_made(self) -> bool:
        """Whether anything was chosen."""
        given = any(one is not None for one in (self.seed, self.deterministic, self.opponent))
        return given or bool(self.assignments)


@dataclass(frozen=True, slots=True)
class Show:
    """What the window is to show."""

    programme: Programme
    title: str
    """Title of the window until an episode is there."""
    folder: Path
    """Where clips and screenshots go."""
    greeting: str = ""
    """What the window says first; "" for nothing."""
    trains_here: bool = False
    """Whether what is shown trains now on this machine."""


def _show(
    reference: str, runs_dir: str | None, chosen: PlayChoice, environment: int | None,
    remote_program: str | None, stack: ExitStack,
) -> Show:  # fmt: skip
    from arcade_rl.cli import following
    from arcade_rl.runs.ssh import names_other_machine

    first = environment or 0
    if names_other_machine(reference):
        following.refuse_choices(reference, chosen.is_made)
        program = "arcade-rl" if remote_program is None else remote_program
        elsewhere = following.follow_address(reference, program, first, stack)
        name = elsewhere.following.run.name
        return Show(elsewhere, name, Path(), f"{name} is followed on the other machine")
    if remote_program is not None:
        raise UsageError(f"--remote-program is for ssh://HOST/PATH, and {reference} is here")
    if (run := following.run_that_trains(reference, runs_dir)) is not None:
        following.refuse_choices(reference, chosen.is_made)
        here = following.follow_run(run, first, stack)
        greeting = f"{run.name} trains now and is followed; RUN@latest would play"
        return Show(here, run.name, run.videos, greeting, trains_here=True)
    if environment is not None:
        raise UsageError(
            f"--environment is for a run that trains now, and {reference} is not one; leave it out"
        )
    return _stored(reference, runs_dir, chosen)


def _stored(reference: str, runs_dir: str | None, chosen: PlayChoice) -> Show:
    """What the window shows of something that is on a disk."""
    from arcade_rl.playback.programme import programme_of
    from arcade_rl.playback.references import find_built_in, find_source
    from arcade_rl.playback.sources import BuiltInSource, FiledSource, PlayedSource
    from arcade_rl.runs.directory import RunDirectory, split_reference

    source = find_source(
        reference, runs_dir, chosen.seed, chosen.deterministic, chosen.opponent, chosen.assignments
    )
    if isinstance(source, FiledSource):
        folder, usual = Path(), 0
    elif isinstance(source, BuiltInSource):
        folder = Path()
        usual = find_built_in(reference, chosen.assignments)[0].config.evaluation.seed
    else:
        run = RunDirectory(source.run)
        folder, usual = run.videos, run.configuration().evaluation.seed
    if isinstance(source, BuiltInSource):
        if chosen.deterministic is not None:
            raise UsageError(
                f"--deterministic and --sampled are for checkpoints; {reference} has no networks"
            )
    elif chosen.is_made and not isinstance(source, PlayedSource):
        raise UsageError(
            "--seed, --deterministic, --sampled and --opponent are for checkpoints; "
            f"{reference} was recorded"
        )
    programme = programme_of(source, usual if chosen.seed is None else chosen.seed)
    greeting = ""
    if isinstance(source, PlayedSource) and split_reference(reference)[0] == reference:
        greeting = f"{source.run.name} does not train now; its checkpoint {source.chunk} plays"
    return Show(programme, programme.name, folder, greeting)


def _draw(
    show: Show,
    window: ViewerWindow,
    options: ViewerOptions,
    frames: int,
    screenshot: Path,
) -> None:
    from arcade_rl.viewer.viewer import Viewer

    viewer = Viewer(show.programme, window, options)
    try:
        viewer.open()
        viewer.play_frames(frames)
        viewer.output.write_screenshot(screenshot)
    finally:
        viewer.close()
    click.echo(screenshot)


def _run(show: Show, window: ViewerWindow, options: ViewerOptions) -> None:
    from arcade_rl.viewer.viewer import Viewer

    viewer = Viewer(show.programme, window, options)
    show_until_closed(viewer)


def show_until_closed(viewer: Viewer) -> None:
    """Show a window until somebody closes it; keep what was played there, and say where."""
    try:
        viewer.open()
        if not viewer.is_closed:
            viewer.run()
        _remember(viewer)
    finally:
        try:
            viewer.driving.save()
        finally:
            viewer.window.close()  # at once: what is built in the background is waited for after that
            clips = viewer.close()
            for path in viewer.driving.files:
                click.echo(path)
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


def export_command(order: ClipOrder) -> Sequence[str]:
    """The command that writes a clip."""
    return [
        sys.executable, "-m", "arcade_rl", "export", "episode", order.reference,
        "--start", str(order.start), "--end", str(order.end), "--overlay", order.detail,
        "--theme", order.theme, "--signs", order.signs,
        *([] if order.camera is None else ["--camera", order.camera]),
        "--preset", "debug-720p", "--out", str(order.out),
    ]  # fmt: skip
