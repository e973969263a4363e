"""What the keys of the table do. A command is called with the viewer and the key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from arcade_rl.errors import ArcadeError, MissingError
from arcade_rl.overlay.closeup import EYES
from arcade_rl.overlay.layout import Detail
from arcade_rl.playback.breakpoints import parse_breakpoint
from arcade_rl.playback.landmarks import next_landmark, previous_landmark
from arcade_rl.playback.programme import CheckpointEpisodes
from arcade_rl.runs.markers import set_marker
from arcade_rl.runs.states import save_state
from arcade_rl.viewer.editor import LineEditor
from arcade_rl.viewer.several import SEVERAL_COMMANDS
from arcade_rl.viewer.transport import SPEEDS

if TYPE_CHECKING:
    from arcade_rl.playback.driven import Showable
    from arcade_rl.viewer.viewer import Viewer

Command: TypeAlias = Callable[["Viewer", str], None]

DETAILS: tuple[Detail, ...] = ("none", "minimal", "full")
STEPS = 10
"""Steps of the larger step."""


def play_or_pause(viewer: Viewer, key: str) -> None:
    player = viewer.player
    if player.is_playing or player.is_seeking or player.is_waiting:
        player.stop()
    else:
        player.play()


def move_frame(viewer: Viewer, key: str) -> None:
    viewer.player.move_frame(1 if key == "." else -1)


def move_steps(viewer: Viewer, key: str) -> None:
    player = viewer.player
    player.seek(player.target + (STEPS if key == "]" else -STEPS))


def go_to_end(viewer: Viewer, key: str) -> None:
    if key == "home":
        viewer.player.seek(0)
    else:
        viewer.player.seek_end()


def go_to_tenth(viewer: Viewer, key: str) -> None:
    """Go to a tenth of the episode, or show a layer where `choose_layer` came before."""
    if viewer.is_layer_next:
        viewer.is_layer_next = False
        _show_layer(viewer, int(key))
        return
    viewer.player.seek(len(viewer.slide.session) * int(key) // 10)


def change_speed(viewer: Viewer, key: str) -> None:
    place = SPEEDS.index(viewer.player.speed) + (1 if key == "+" else -1)
    viewer.player.set_speed(SPEEDS[min(max(place, 0), len(SPEEDS) - 1)])


def go_to_landmark(viewer: Viewer, key: str) -> None:
    player, landmarks = viewer.player, viewer.timeline().landmarks
    find = next_landmark if key == "n" else previous_landmark
    found = find(landmarks, player.target)
    if found is None:
        where = "after" if key == "n" else "before"
        viewer.say(f"no reward, life lost or level {where} this moment")
        return
    player.seek(found.step)
    viewer.say(found.label)


def change_episode(viewer: Viewer, key: str) -> None:
    by = 1 if key == "e" else -1
    source = viewer.programme.move(by)
    _show_or(lambda: viewer.programme.move(-by), viewer, source)
    viewer.say(viewer.programme.name)


def _show_or(
    undo: Callable[[], object], viewer: Viewer, source: Showable, position: int = 0
) -> None:
    """Show an episode. Where that fails, `undo` takes back what chose the episode."""
    try:
        viewer.show(source, position)
    except (ArcadeError, OSError):
        undo()
        raise


def ask_breakpoint(viewer: Viewer, key: str) -> None:
    viewer.player.stop()
    viewer.editor = LineEditor("run to:", lambda text: _run_to(viewer, text))


def _run_to(viewer: Viewer, text: str) -> None:
    if not text.strip():
        return
    session = viewer.slide.session
    stop = parse_breakpoint(text, session.declaration, session.mind is not None)

    def tell(was_met: bool) -> None:
        viewer.say(text if was_met else f"{text} does not begin to hold before the end")

    viewer.player.run_to(stop, tell)


def ask_marker(viewer: Viewer, key: str) -> None:
    _expect_recording(viewer, "markers lie beside recordings")
    if viewer.player.is_playing:
        viewer.player.stop()
    step = viewer.player.target
    viewer.editor = LineEditor(
        "name of this moment:", lambda text: _mark(viewer, step, text), viewer.marker_at(step)
    )


def _expect_recording(viewer: Viewer, why: str) -> None:
    if viewer.programme.markers is None:
        what = "a checkpoint plays" if viewer.pursuit is None else "a training is followed"
        raise MissingError(f"{what} here, and {why}")


def _mark(viewer: Viewer, step: int, name: str) -> None:
    path = viewer.programme.markers
    assert path is not None, "the episode is recorded"
    set_marker(path, step, name)
    viewer.read_markers()
    viewer.say("")


def change_checkpoint(viewer: Viewer, key: str) -> None:
    opinions = viewer.slide.opinions
    if opinions is None:
        raise MissingError(
            "no policy is looked into; show the full overlay of a run's episode first"
        )
    chunk = opinions.move(1 if key == ">" else -1)
    viewer.player.refresh()
    viewer.say(f"seen by checkpoint {chunk}")


def change_choosing(viewer: Viewer, key: str) -> None:
    programme = viewer.programme
    if not isinstance(programme, CheckpointEpisodes):
        what = "this was recorded" if viewer.pursuit is None else "a training plays this"
        raise MissingError(f"{what}, and is as it is; watch RUN@CHECKPOINT to choose")
    deterministic = not programme.source.deterministic
    source, position = programme.choose(deterministic), viewer.player.position
    _show_or(lambda: programme.choose(not deterministic), viewer, source, position)
    viewer.say("deterministic" if deterministic else "sampled")


def change_detail(viewer: Viewer, key: str) -> None:
    place = DETAILS.index(viewer.look.detail)
    viewer.look.detail = DETAILS[(place + 1) % len(DETAILS)]
    viewer.say(f"overlay {viewer.look.detail}")


def choose_layer(viewer: Viewer, key: str) -> None:
    viewer.is_layer_next = True
    viewer.say("layer: 1-9, or 0 for none")


def _show_layer(viewer: Viewer, digit: int) -> None:
    viewer.look.aside = digit - 1 if digit else None
    viewer.say("")


def show_eyes(viewer: Viewer, key: str) -> None:
    viewer.look.aside = None if viewer.look.aside == EYES else EYES


def change_theme(viewer: Viewer, key: str) -> None:
    viewer.look.theme_name = "light" if viewer.look.theme_name == "dark" else "dark"


def start_or_stop_clip(viewer: Viewer, key: str) -> None:
    _expect_recording(viewer, "clips are made of recordings")
    if viewer.options.export is None:
        raise MissingError("nothing here writes clips")
    step = viewer.player.target
    if viewer.output.clip_start is None:
        viewer.output.clip_start = step
        viewer.say("the clip begins here; c ends it")
    elif step <= viewer.output.clip_start:
        viewer.output.clip_start = None
        viewer.say("no clip: it would end where it begins, or before")
    else:
        viewer.output.write_clip(step)


def take_screenshot(viewer: Viewer, key: str) -> None:
    path = viewer.output.free_path(f"step_{viewer.player.position:06d}", ".png")
    viewer.output.write_screenshot(path)
    viewer.say(f"{path}")


def change_full_screen(viewer: Viewer, key: str) -> None:
    viewer.window.change_full_screen()


def change_driver(viewer: Viewer, key: str) -> None:
    viewer.driving.change_driver()


def play_again(viewer: Viewer, key: str) -> None:
    viewer.driving.restart()


def show_inputs(viewer: Viewer, key: str) -> None:
    viewer.driving.is_pad_shown = not viewer.driving.is_pad_shown


def map_inputs(viewer: Viewer, key: str) -> None:
    viewer.driving.open_mapping()


def change_sound(viewer: Viewer, key: str) -> None:
    sound = viewer.sound
    viewer.say("the window was opened without sound" if sound is None else sound.change())


def ask_start_state(viewer: Viewer, key: str) -> None:
    viewer.player.arrive()
    state = viewer.slide.session.start_state()

    def keep(name: str) -> None:
        if name.strip():
            viewer.say(f"{save_state(name, state)}")

    viewer.editor = LineEditor("name of this start state:", keep)


def show_help(viewer: Viewer, key: str) -> None:
    viewer.look.is_helping = True


def close(viewer: Viewer, key: str) -> None:
    viewer.is_closed = True


COMMANDS: dict[str, Command] = SEVERAL_COMMANDS | {
    function.__name__: function
    for function in (
        play_or_pause, move_frame, move_steps, go_to_end, go_to_tenth, change_speed, go_to_landmark,
        change_episode, ask_breakpoint, ask_marker, change_checkpoint, change_choosing,
        change_detail, choose_layer, show_eyes, change_theme, start_or_stop_clip, take_screenshot,
        change_full_screen, change_driver, play_again, show_inputs, map_inputs,
        ask_start_state, change_sound, show_help, close,
    )
}  # fmt: skip
"""Every command of `keys.KEYS`, by its name."""
