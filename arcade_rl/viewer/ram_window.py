"""A window in which a person plays a game and searches its memory meanwhile: the picture, beside it the
places that are left, and keys for what `arcade-rl plugins ram` does with typed lines.

The window has no search of its own: what keys do becomes lines that the `Explorer` obeys.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arcade_rl.config import Resolved
from arcade_rl.contracts import Frame
from arcade_rl.errors import ArcadeError
from arcade_rl.overlay.canvas import Canvas, Style
from arcade_rl.overlay.game import LARGE, scale, scaling
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.text import Font
from arcade_rl.overlay.theme import Theme
from arcade_rl.playback.clock import Clock
from arcade_rl.playback.driving import controls_of
from arcade_rl.playback.explorer import Answer, Explorer
from arcade_rl.viewer.bindings import read_bindings
from arcade_rl.viewer.card import draw_card
from arcade_rl.viewer.editor import LineEditor
from arcade_rl.viewer.hands import Hands
from arcade_rl.viewer.hearing import Sound
from arcade_rl.viewer.ram_choice import PlaceChoice
from arcade_rl.viewer.ram_commands import RAM_COMMANDS
from arcade_rl.viewer.ram_keys import RAM_BY_KEY
from arcade_rl.viewer.ram_panel import PlaceList, RamPanel
from arcade_rl.viewer.window import Closed, Pointed, Pressed, Resized, ViewerWindow, WindowEvent

IDLE_S = 0.25
"""Longest time without a look at events while the game rests, s."""
PANEL_S = 0.1
"""Time for which the lists stay as they are while the game goes on, s: nobody reads faster."""
LATE_S = 0.25
"""Time that is made up for at most where a step took long, s."""
WORDS = 30
"""Height of the line of words at the bottom, pixel."""
PANEL, LEAST_PANEL, MOST_PANEL = 0.46, 340, 640
"""Part of the window's width that the panel takes, and its least and greatest width, pixel."""
IN_CARDS = ("help", "episodes", "pictures", "lines")
"""Typed commands whose tables are shown on a card; the panel shows those of the others."""
LETTERS = 86
"""Letters of a line of an answer on a card."""


@dataclass(frozen=True, slots=True)
class GameFrame:
    """A frame of the game, and what is heard with it."""

    frame: Frame
    sound: npt.NDArray[np.int16] | None
    """Sound of the whole step."""
    number: int
    """Number of the frame in its step, from 0."""
    count: int
    """Number of frames of the step."""


class RamWindow:
    """A game that is played, and a search in its memory. Close it after use; the window and the
    explorer stay open."""

    def __init__(
        self, resolved: Resolved, explorer: Explorer, window: ViewerWindow, colours: Theme
    ) -> None:
        """UsageError for a game that people cannot play."""
        self.explorer, self.window, self._theme = explorer, window, colours
        self._declaration = resolved.declaration
        self._hands = Hands(resolved.game.name, controls_of(resolved), read_bindings(), 1)
        self._person = self._hands.controller(0)
        window.listeners.append(self._hands.take)
        self.sound = Sound()
        if explorer.machine.has_sound:
            self.sound.begin(self._declaration)
        self._clock: Clock[GameFrame] = Clock(self._declaration.frame_rate, self._advance)
        self._frame = explorer.machine.picture
        self._until = time.perf_counter()
        self.is_closed = False
        self.editor: LineEditor | None = None
        self.card: tuple[str, Sequence[tuple[str, str]]] | None = None
        """Title and lines of the card over the picture."""
        self.message, self.is_urgent = "Tab lets the game go on, ? shows the keys", False
        """What the window says, and whether that is an error."""
        self.choice = PlaceChoice(explorer)
        self._panel: RamPanel | None = None
        self._panel_box = Rect(0, 0, 1, 1)
        self._lists: list[PlaceList] = []
        self._lists_until = 0.0
        """When the lists are to be read anew."""

    @property
    def is_playing(self) -> bool:
        """Whether the game goes on."""
        return self._clock.is_playing

    def close(self) -> None:
        """Free the pads and the sound."""
        self.window.listeners.remove(self._hands.take)
        self._hands.close()
        self.sound.close()

    # --- the loop ------------------------------------------------------------------------------

    def run(self) -> None:
        """Play and search until somebody closes the window."""
        self.window.show(self.draw())
        while not self.is_closed:
            self.turn()

    def turn(self) -> None:
        """Wait for the next key or frame, and show what has changed."""
        events = self.window.events(max(self._clock.wait, 0.0) if self.is_playing else IDLE_S)
        for event in events:
            self.take(event)
        now = time.perf_counter()
        elapsed, self._until = min(now - self._until, LATE_S), now
        if self._let_pass(elapsed) or events:
            self.window.show(self.draw())

    def play_frames(self, frames: int) -> None:
        """Let so many frames of the game pass, whatever the time."""
        self.play()
        for _ in range(frames):
            self._let_pass(self._clock.wait)
            self.window.show(self.draw())
        self.rest()

    def take(self, event: WindowEvent) -> None:
        """Obey an event."""
        match event:
            case Pressed(key):
                self.press(key)
            case Pointed(x, y, _, True) if self._panel is not None:
                row = self._panel.row_at(x - self._panel_box.x, y - self._panel_box.y)
                if row is not None:
                    self.choice.choose(row)
                    self._lists_until = 0.0
            case Pointed() | Resized():
                pass
            case Closed():
                self.is_closed = True

    def press(self, key: str) -> None:
        """Obey a key; one that types nothing does nothing. While the game goes on, its buttons belong
        to it."""
        self._lists_until = 0.0
        if self.editor is not None:
            self._type(self.editor, key)
        elif self.card is not None and key:
            self.card = None
        elif key in RAM_BY_KEY and not self._is_button(key):
            command = RAM_COMMANDS[RAM_BY_KEY[key].command]
            self._attempt(lambda: command(self, key))

    def _is_button(self, key: str) -> bool:
        """Whether a key belongs to the game now. Tab and Escape never do, so that it can be left."""
        is_free = key in ("tab", "escape")
        return self.is_playing and not is_free and key.lower() in self._hands.keys

    def _type(self, editor: LineEditor, key: str) -> None:
        self._attempt(lambda: editor.press(key))
        if editor.is_over:
            self.editor = None
            self._hands.forget_taps()  # what was typed is no move in the game

    def _attempt(self, action: Callable[[], object]) -> None:
        """Do something whose failure is told in the window."""
        try:
            action()
        except (ArcadeError, OSError) as error:
            self.rest()
            self.say(str(error), urgent=True)

    # --- the game ------------------------------------------------------------------------------

    def play(self) -> None:
        """Let the game go on."""
        self._hands.forget_taps()  # what was pressed while the game rested is no move
        self._clock.play()
        self._until = time.perf_counter()

    def rest(self) -> None:
        """Let the game rest after the step that was begun."""
        self._clock.pause()
        self._show_present()
        self.sound.rest()

    def play_step(self) -> None:
        """Play one step with the buttons that are held, and rest."""
        self.rest()
        self._advance()
        self._show_present()

    def _show_present(self) -> None:
        self._clock.forget()
        self._frame = self.explorer.machine.picture

    def _let_pass(self, seconds: float) -> bool:
        """Let time pass for the game. Returns whether another frame is shown."""
        shown: list[GameFrame] = []
        if self.is_playing:
            self._attempt(lambda: shown.extend(self._clock.tick(seconds)))
        frame_s = 1 / float(self.explorer.machine.declaration.frame_rate)
        for later, one in zip(reversed(range(len(shown))), shown, strict=True):
            self._frame = one.frame
            if self.sound.speaker is not None:
                late_s = later * frame_s
                self.sound.speaker.play_frame(one.sound, one.number, one.count, late_s)
        return bool(shown)

    def _advance(self) -> list[GameFrame]:
        """Play a step with the buttons that are held. Returns its frames."""
        machine = self.explorer.machine
        self.explorer.step(self._person.choose(machine.allowed))
        shown, count = machine.shown, len(machine.shown.frames)
        return [GameFrame(one, shown.sound, k, count) for k, one in enumerate(shown.frames)]

    # --- lines ---------------------------------------------------------------------------------

    def do(self, line: str) -> None:
        """Do a line of `arcade-rl plugins ram`, and show the answer. Errors are the explorer's."""
        moment = self.explorer.machine.shown
        answer = self.explorer.do(line)
        if self.explorer.machine.shown is not moment:
            self._show_present()
        self.say(answer.text)
        name = "".join(line.split()[:1])
        if (name in IN_CARDS and (answer.rows or "\n" in answer.text)) or len(
            answer.text
        ) > LETTERS:
            self.show_card(name.upper(), _lines(answer))
        self.is_closed = self.is_closed or self.explorer.is_over

    def ask(self, prompt: str, line: str) -> None:
        """Let somebody type what {} stands for in a line, and do the line; the game rests."""
        self.rest()
        self.editor = LineEditor(prompt, lambda text: self._do_typed(line.format(text.strip())))

    def _do_typed(self, line: str) -> None:
        """Do a line that may take long, and say so meanwhile."""
        self.editor = None
        self.say(f"{line} ...")
        self.window.show(self.draw())
        self.do(line)

    def say(self, text: str, urgent: bool = False) -> None:
        """Show a message until the next one."""
        self.message, self.is_urgent = text, urgent

    def show_card(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """Lay a card over the picture until a key is pressed."""
        self.card = title, rows

    # --- the picture ---------------------------------------------------------------------------

    def draw(self) -> Frame:
        """The picture of the window. (height, width, 3), uint8, RGB."""
        width, height = self.window.size
        picture = np.empty((height, width, 3), np.uint8)
        whole = Rect(0, 0, width, height - WORDS)
        wide = min(max(round(PANEL * width), LEAST_PANEL), MOST_PANEL, width - 100)
        game = whole.left(width - wide)
        picture[game.region] = self._theme.stage
        frame_size = (self._frame.shape[1], self._frame.shape[0])
        how = scaling(frame_size, self._declaration.pixel_aspect, (game.width, game.height), LARGE)
        scale(self._frame, how, picture[game.centred(*how.size).region])
        self._panel_box = whole.beside(game.width)
        picture[self._panel_box.region] = self._draw_panel(self._panel_box)
        words = Rect(0, whole.bottom, width, WORDS)
        picture[words.region] = self._draw_words(words)
        if self.card is not None:
            draw_card(picture[: whole.bottom], self._theme, *self.card)
        return picture

    def _draw_panel(self, box: Rect) -> Frame:
        size = (box.width, box.height)
        if self._panel is None or self._panel.size != size:
            self._panel, self._lists_until = RamPanel(size, self._theme), 0.0
        now = time.perf_counter()
        if now >= self._lists_until:
            self._lists, self._lists_until = self.choice.lists(self._panel.room), now + PANEL_S
        return self._panel.draw(self._lists, self.choice.row)

    def _draw_words(self, box: Rect) -> Frame:
        """The line at the bottom: where the episode is, what the window says, and who plays."""
        canvas = Canvas((box.width, box.height), Style(self._theme, 1.0))
        left, middle, right = self._words()
        line, font = Rect(12, 0, box.width - 24, box.height), Font(15)
        third = line.width // 4
        canvas.write(left, line.left(third), font, self._theme.dim, ground=True)
        colour = (
            self._theme.negative if self.is_urgent and self.editor is None else self._theme.text
        )
        rest = line.beside(third)
        canvas.write(
            middle, rest.left(rest.width - third // 2), font, colour, "centre", ground=True
        )
        last = rest.beside(rest.width - third // 2)
        canvas.write(right, last, font, self._theme.dim, "right", ground=True)
        return canvas.ground

    def _words(self) -> tuple[str, str, str]:
        machine = self.explorer.machine
        over = ", over" if machine.is_over else ", written" if machine.is_poked else ""
        where = f"seed {machine.seed}   step {machine.steps:,}{over}"
        middle = self.message if self.editor is None else self.editor.line
        return where, middle, "you play" if self.is_playing else "rests"


def _lines(answer: Answer) -> list[tuple[str, str]]:
    """An answer as lines of a card."""
    texts = [part for line in answer.text.splitlines() for part in textwrap.wrap(line, LETTERS) or [""]]  # fmt: skip
    return [
        *(("", line) for line in texts),
        *((row[0], "   ".join(row[1:])) for row in answer.rows),
    ]
