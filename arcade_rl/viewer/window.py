"""A window that shows arrays of pixels, and its events. `hands` and `speaker` import pygame too."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pygame

from arcade_rl.contracts import Frame
from arcade_rl.errors import MissingError
from arcade_rl.overlay.layout import SMALLEST

Size: TypeAlias = tuple[int, int]
"""(width, height), pixel."""
SCREENLESS = ("dummy", "offscreen")
"""Drivers of SDL that show nothing."""
ON_A_DISPLAY = "run this on a desktop, or through `xvfb-run -a`"
"""What to do where no display is found."""
CARDS = ("dri", "nvidia0", "dxg")
"""Files of `/dev`, one of which Linux has where there is a graphics card."""
NAMED = {
    pygame.K_SPACE: "space", pygame.K_HOME: "home", pygame.K_END: "end", pygame.K_ESCAPE: "escape",
    pygame.K_RETURN: "return", pygame.K_KP_ENTER: "return", pygame.K_BACKSPACE: "backspace",
    pygame.K_F1: "f1", pygame.K_F11: "f11", pygame.K_F4: "f4", pygame.K_F5: "f5",
    pygame.K_TAB: "tab", pygame.K_DELETE: "delete", pygame.K_UP: "up", pygame.K_DOWN: "down",
    pygame.K_PAGEUP: "page up", pygame.K_PAGEDOWN: "page down",
}  # fmt: skip
"""Names of the keys that are known by their place and not by a character."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key was pressed."""

    key: str
    """Name of the key as in `keys.KeyEntry.keys`, or the character that was typed; "" for others."""


@dataclass(frozen=True, slots=True)
class Pointed:
    """The mouse moved, or its button was pressed."""

    x: int
    """Column, pixel."""
    y: int
    """Row, pixel."""
    is_down: bool
    """Whether the left button is held."""
    is_click: bool
    """Whether the left button was pressed just now."""


@dataclass(frozen=True, slots=True)
class Resized:
    """The window has another size, or must be drawn again."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Somebody closed the window."""


WindowEvent: TypeAlias = Pressed | Pointed | Resized | Closed


class ViewerWindow:
    """The window of this process. Close the window after use."""

    def __init__(
        self, size: Size, title: str, headless: bool = False, way_out: str = ON_A_DISPLAY
    ) -> None:
        """`headless`: draw into memory, without any display. MissingError where no display is
        found, with `way_out`, which says what to do then."""
        self._windowed = size
        self._vsync = 0 if headless or _draws_in_software() else 1
        self.is_full = False
        """Whether the window fills the screen."""
        self._place = (0, 0)
        """Where the window is when it does not fill the screen, pixel."""
        self.listeners: list[Callable[[pygame.Event], None]] = []
        """Functions that are told of every event of the system before it is translated."""
        with _driver(headless):
            _open_display(headless, way_out)
        pygame.display.set_caption(title)
        self._set_mode(size)
        pygame.key.set_repeat(350, 40)

    @property
    def size(self) -> Size:
        """Size that pictures must have now; never smaller than the smallest picture."""
        width, height = pygame.display.get_window_size()
        return max(width, SMALLEST[0]), max(height, SMALLEST[1])

    @property
    def size_to_keep(self) -> Size:
        """Size of the window when it does not fill the screen."""
        return self._windowed if self.is_full else self.size

    def prepare(self, picture: Frame) -> None:
        """Take over a picture of the window's size that `flip` is to show. (height, width, 3), uint8,
        RGB."""
        height, width = picture.shape[:2]
        surface = pygame.image.frombuffer(picture.data, (width, height), "RGB")
        screen = pygame.display.get_surface()
        assert screen is not None, "the window is open"
        screen.blit(surface, (0, 0))

    def flip(self) -> None:
        """Show the picture that was prepared last."""
        pygame.display.flip()

    def show(self, picture: Frame) -> None:
        """Show a picture at once."""
        self.prepare(picture)
        self.flip()

    def set_title(self, title: str) -> None:
        pygame.display.set_caption(title)

    def change_full_screen(self) -> None:
        """Fill the screen, or go back to the size before."""
        self._windowed = self.size_to_keep
        self.is_full = not self.is_full
        size = _screen_size() if self.is_full else self._windowed
        # Where there is no window manager, nobody else moves the window.
        if self.is_full:
            self._place = pygame.display.get_window_position()
            pygame.display.set_window_position((0, 0))
            self._set_mode(size)
        else:
            self._set_mode(size)
            if pygame.display.get_window_size() != size:
                self._set_mode(size)  # the first time, the system still keeps the screen's size
            pygame.display.set_window_position(self._place)

    def events(self, wait: float) -> list[WindowEvent]:
        """What happened since the last call. Where nothing did, wait for up to so many seconds."""
        found = _wait(time.perf_counter() + wait) if wait else []
        found += pygame.event.get()
        for event in found:
            for listen in self.listeners:
                listen(event)
        return list(_translated(found))

    def close(self) -> None:
        pygame.display.quit()

    def _set_mode(self, size: Size) -> None:
        flags = pygame.FULLSCREEN if self.is_full else pygame.RESIZABLE
        with warnings.catch_warnings():
            # The picture may not be tied to the screen's refresh, nor have the size that was asked for.
            warnings.filterwarnings("ignore", message="no fast renderer available")
            warnings.filterwarnings("ignore", message="Requested window was forcibly resized")
            pygame.display.set_mode(size, flags, vsync=self._vsync)


def _draws_in_software() -> bool:
    """Whether there is no graphics card, so that SDL is to copy pictures to the screen itself: OpenGL
    would be computed by the processor then, 4 ms for a picture of 1280x720, and copying takes 0.1."""
    is_without = sys.platform == "linux" and not any(Path("/dev", name).exists() for name in CARDS)
    if is_without:
        os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
    return is_without


@contextmanager
def _driver(headless: bool) -> Iterator[None]:
    """Let SDL take the driver without a screen, where that is asked for."""
    before = os.environ.get("SDL_VIDEODRIVER")
    if headless:
        os.environ["SDL_VIDEODRIVER"] = "dummy"
    try:
        yield
    finally:
        if headless:
            os.environ.pop("SDL_VIDEODRIVER")
        if headless and before is not None:
            os.environ["SDL_VIDEODRIVER"] = before


def _open_display(headless: bool, way_out: str) -> None:
    asked = os.environ.get("SDL_VIDEODRIVER", "")
    try:
        pygame.display.init()
    except pygame.error as error:
        raise MissingError(f"no display was found ({error}); {way_out}") from None
    driver = pygame.display.get_driver()
    if not headless and driver in SCREENLESS and driver != asked:
        pygame.display.quit()
        because = "neither DISPLAY nor WAYLAND_DISPLAY leads to one"
        raise MissingError(f"no display was found ({because}); {way_out}")


def _screen_size() -> Size:
    sizes = pygame.display.get_desktop_sizes()
    return sizes[0] if sizes else pygame.display.get_window_size()


def _wait(until: float) -> list[pygame.Event]:
    """Events that come before `until`. SDL waits in whole milliseconds; the rest is slept."""
    milliseconds = int(1000 * (until - time.perf_counter()))
    event = pygame.event.wait(milliseconds) if milliseconds > 0 else pygame.event.poll()
    if event.type != pygame.NOEVENT:
        return [event]
    time.sleep(max(until - time.perf_counter(), 0))
    return []


def _translated(events: list[pygame.Event]) -> Iterator[WindowEvent]:
    for event in events:
        translate = _KINDS.get(event.type)
        if translate is not None:
            yield translate(event)


def _pressed(event: pygame.Event) -> WindowEvent:
    return Pressed(NAMED.get(event.key, event.unicode))


def _pointed(event: pygame.Event) -> WindowEvent:
    is_click = event.type == pygame.MOUSEBUTTONDOWN and event.button == 1
    held = event.type == pygame.MOUSEMOTION and bool(event.buttons[0])
    x, y = event.pos
    return Pointed(x, y, is_down=is_click or held, is_click=is_click)


_KINDS: dict[int, Callable[[pygame.Event], WindowEvent]] = {
    pygame.KEYDOWN: _pressed,
    pygame.MOUSEBUTTONDOWN: _pointed,
    pygame.MOUSEBUTTONUP: _pointed,
    pygame.MOUSEMOTION: _pointed,
    pygame.VIDEORESIZE: lambda _: Resized(),
    pygame.VIDEOEXPOSE: lambda _: Resized(),
    pygame.QUIT: lambda _: Closed(),
}
