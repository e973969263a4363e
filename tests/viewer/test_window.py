"""What the system says becomes a few plain events."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pygame
import pytest

from arcade_rl.viewer import window as module
from arcade_rl.viewer.window import Closed, Pointed, Pressed, Resized, ViewerWindow


@pytest.fixture
def window() -> Iterator[ViewerWindow]:
    opened = ViewerWindow((640, 480), "test", headless=True)
    opened.events(0)
    yield opened
    opened.close()


def post(kind: int, **values: Any) -> None:
    pygame.event.post(pygame.Event(kind, values))


def test_keys_have_the_names_of_the_table(window: ViewerWindow) -> None:
    for key, character in (
        (pygame.K_SPACE, " "),
        (pygame.K_n, "N"),
        (pygame.K_F11, ""),
        (pygame.K_LSHIFT, ""),
    ):
        post(pygame.KEYDOWN, key=key, unicode=character)
    assert window.events(0) == [Pressed("space"), Pressed("N"), Pressed("f11"), Pressed("")]


def test_the_mouse_is_down_while_its_left_button_is(window: ViewerWindow) -> None:
    post(pygame.MOUSEBUTTONDOWN, pos=(3, 4), button=1)
    post(pygame.MOUSEMOTION, pos=(5, 6), buttons=(1, 0, 0))
    post(pygame.MOUSEBUTTONUP, pos=(7, 8), button=1)
    post(pygame.MOUSEBUTTONDOWN, pos=(9, 10), button=3)
    assert window.events(0) == [
        Pointed(3, 4, is_down=True, is_click=True),
        Pointed(5, 6, is_down=True, is_click=False),
        Pointed(7, 8, is_down=False, is_click=False),
        Pointed(9, 10, is_down=False, is_click=False),
    ]


def test_the_desktop_resizes_and_closes(window: ViewerWindow) -> None:
    post(pygame.VIDEORESIZE, size=(10, 10))
    post(pygame.QUIT)
    assert window.events(0) == [Resized(), Closed()]
    assert window.size == (640, 480)


def test_an_event_ends_a_wait(window: ViewerWindow) -> None:
    post(pygame.QUIT)
    assert window.events(3600) == [Closed()]
    assert window.events(0.005) == []


def test_the_driver_that_the_caller_set_stays(
    window: ViewerWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    ViewerWindow((320, 240), "test", headless=True)
    assert os.environ["SDL_VIDEODRIVER"] == "x11"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone says where there is a card")
@pytest.mark.parametrize(("cards", "copies"), [(("null",), None), (("no-such-card",), "0")])
def test_pictures_are_copied_where_opengl_would_be_computed(
    cards: tuple[str, ...], copies: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDL_FRAMEBUFFER_ACCELERATION", "")
    monkeypatch.delenv("SDL_FRAMEBUFFER_ACCELERATION")
    monkeypatch.setattr(module, "CARDS", cards)
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    ViewerWindow((320, 240), "test").close()
    assert os.environ.get("SDL_FRAMEBUFFER_ACCELERATION") == copies
