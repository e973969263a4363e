"""Texts: which characters can be drawn, how wide a text is, and how a text is made to fit."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

import cv2
import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl.overlay.theme import Colour

FACE = cv2.FontFace("sans")
"""The font face that comes with OpenCV."""
ELLIPSIS = "…"
TIMES = "\N{MULTIPLICATION SIGN}"
CAPITAL = 0.7
"""Height of a capital letter, as a part of its font's size."""
SMALLEST = 9
"""Smallest size that a text is shrunk to, pixel."""
Kind: TypeAlias = Literal["words", "name", "figure"]
"""What a text is: words are cut at their end, names in their middle, since many names differ in
their last letters, and figures are better small than cut."""
SHRUNK: dict[Kind, float] = {"words": 0.82, "name": 0.82, "figure": 0.5}
"""Part of its size that a text of each kind may be shrunk to before the text is cut."""
TAIL = 5
"""Number of last letters that a cut name keeps; at most a third of all letters kept."""


class Font(NamedTuple):
    """How a text is set."""

    size: int
    """Size of the font, pixel."""
    weight: int = 400
    """Thickness of the strokes, 300 to 800."""
    least: int = SMALLEST
    """Smallest size that a text of this font is shrunk to, pixel."""

    @property
    def capital(self) -> int:
        """Height of a capital, pixel."""
        return round(self.size * CAPITAL)


@lru_cache(8192)
def width(text: str, font: Font) -> int:
    """Width of a text, pixel."""
    if not text:
        return 0
    return int(cv2.getTextSize((0, 0), text, (0, 0), FACE, font.size, font.weight)[2])


@lru_cache(4096)
def fit(text: str, font: Font, room: int, kind: Kind = "words") -> tuple[str, Font]:
    """The text, and the font, that have room in `room` pixels: the text is whole, else smaller,
    else cut with an ellipsis; "" where not even the ellipsis has room."""
    text = drawable(text)
    smallest = min(font.size, max(font.least, round(font.size * SHRUNK[kind])))
    for size in range(font.size, smallest - 1, -1):
        font = font._replace(size=size)
        if width(text, font) <= room:
            return text, font
    return _cut(text, font, room, TAIL if kind == "name" else 0), font


@lru_cache(1024)
def common(names: tuple[str, ...], font: Font, room: int) -> Font:
    """The font in which all these names have room, or else the smallest that they may be shrunk
    to."""
    return min((fit(name, font, room)[1] for name in names), default=font)


def is_whole(text: str, font: Font, room: int, kind: Kind = "words") -> bool:
    """Whether a text has room without being cut."""
    return fit(text, font, room, kind)[0] == drawable(text)


def first_fitting(wordings: tuple[str, ...], font: Font, room: int) -> str:
    """The first of these wordings that has room, else the last."""
    fitting = (text for text in wordings if is_whole(text, font, room))
    return next(fitting, wordings[-1])


def _cut(text: str, font: Font, room: int, tail: int) -> str:
    fits, not_fits = 0, len(text)
    while not_fits - fits > 1:
        middle = (fits + not_fits) // 2
        if width(_shortened(text, middle, tail), font) <= room:
            fits = middle
        else:
            not_fits = middle
    shortened = _shortened(text, fits, tail)
    return shortened if width(shortened, font) <= room else ""


def _shortened(text: str, length: int, tail: int) -> str:
    """`length` letters of a text with an ellipsis; up to `tail` of these letters are from the
    text's end."""
    tail = min(tail, length // 3)
    start = text[: length - tail].rstrip(" .,-_/·")
    return start + ELLIPSIS + text[len(text) - tail :].lstrip(" .,-_/·")


@lru_cache(4096)
def drawable(text: str) -> str:
    """The text, with each character that the face cannot draw replaced by a plain letter, or else
    by a square."""
    return "".join(map(_drawable, text))


@lru_cache(4096)
def _drawable(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace():
        return " "
    if category.startswith("C") or category.startswith("M"):
        return ""
    if _has_glyph(character):
        return character
    plain = unicodedata.normalize("NFKD", character)[0]
    return plain if plain != character and _has_glyph(plain) else "■"


def _has_glyph(character: str) -> bool:
    """Whether the face has this character, and the character is written from left to right."""
    if character.isascii():
        return character.isprintable()
    if unicodedata.bidirectional(character) in ("R", "AL"):
        return False
    # OpenCV draws a question mark in place of a character that the face does not have.
    return not np.array_equal(_sample(character), _sample("?"))


def _sample(character: str) -> Frame:
    sample: Frame = np.zeros((40, 60, 3), np.uint8)
    cv2.putText(sample, character, (10, 28), (255, 255, 255), FACE, 20, 400)
    return sample


def draw(pixels: Frame, text: str, x: int, baseline: int, font: Font, colour: Colour) -> None:
    """Draw a text that was made to fit, from its left end."""
    cv2.putText(pixels, text, (x, baseline), colour, FACE, font.size, font.weight)


def draw_spaced(
    pixels: Frame, text: str, x: int, baseline: int, font: Font, colour: Colour, room: int
) -> int:
    """Draw a short heading with wide gaps between its letters, or without gaps where these have no
    room, and return the column where the heading ends."""
    gap = max(1, round(font.size * 0.09))
    if width(text, font) + gap * len(text) > room:
        text, font = fit(text, font, room)
        draw(pixels, text, x, baseline, font, colour)
        return x + width(text, font)
    for character in text:
        end, _ = cv2.putText(pixels, character, (x, baseline), colour, FACE, font.size, font.weight)
        x = int(end[0]) + gap
    return x - gap
