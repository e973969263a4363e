"""Texts fit into their boxes, whatever they say."""

from __future__ import annotations

import random
import string

import numpy as np
import pytest

from arcade_rl.overlay import text as texts
from arcade_rl.overlay.text import Font, drawable, fit, width
from arcade_rl.words import DASH, MINUS

LETTERS = string.ascii_letters + string.digits + string.punctuation + " äßçøŁж→·…中"


def words(seed: int, longest: int = 80) -> str:
    rng = random.Random(seed)
    return "".join(rng.choices(LETTERS, k=rng.randint(1, longest)))


@pytest.mark.parametrize("seed", range(60))
def test_a_text_that_was_made_to_fit_covers_no_pixel_beside_its_room(seed: int) -> None:
    rng = random.Random(seed)
    room, font = (
        rng.randint(5, 500),
        Font(rng.randint(9, 48), rng.choice((300, 400, 500, 600, 700))),
    )
    drawn, fitted = fit(words(seed), font, room, rng.choice(("words", "name", "figure")))
    pixels = np.zeros((120, 700, 3), np.uint8)
    texts.draw(pixels, drawn, 100, 70, fitted, (255, 255, 255))
    foot = 1 + fitted.size // 12  # a j reaches out to the left of where it starts
    columns = np.flatnonzero(pixels.max((0, 2)))
    assert width(drawn, fitted) <= room
    assert not len(columns) or (columns[0] >= 100 - foot and columns[-1] < 100 + room + foot)
    assert len(columns) or not drawn.strip(" ")


def test_a_text_that_has_room_is_left_as_it_is() -> None:
    assert fit("RIGHT", Font(20, 500), 200) == ("RIGHT", Font(20, 500))


def test_a_text_is_shrunk_before_it_is_cut() -> None:
    font = Font(20)
    whole = width("a long name", font)
    text, fitted = fit("a long name", font, whole - 4)
    assert text == "a long name"
    assert texts.SHRUNK["words"] * 20 - 1 < fitted.size < 20


def test_a_text_is_cut_with_an_ellipsis_and_uses_its_room() -> None:
    font, name = Font(20), "a name that is far too long for its box"
    text, fitted = fit(name, font, 120)
    assert text.endswith(texts.ELLIPSIS)
    assert name.startswith(text[:-1])
    assert width(name[: len(text) + 1] + texts.ELLIPSIS, fitted) > 120


def test_names_keep_their_ends() -> None:
    font = Font(16)
    drawn = [fit(f"feature with a long name {k}", font, 110, "name")[0] for k in (7, 8)]
    assert [text[-1] for text in drawn] == ["7", "8"]
    assert all(text.startswith("feat") and texts.ELLIPSIS in text for text in drawn)


def test_a_number_is_shrunk_further_than_words() -> None:
    assert fit("1,234,567", Font(40), 120)[0] != "1,234,567"
    assert fit("1,234,567", Font(40), 120, "figure")[0] == "1,234,567"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tb\nc", "a b c"),
        ("zero\u200bwidth", "zerowidth"),
        ("\N{GRINNING FACE}", "■"),
        ("Ⓐ", "A"),
        ("اب", "■■"),
        ("née · → ±", "née · → ±"),
    ],
)
def test_what_cannot_be_drawn_is_replaced(text: str, expected: str) -> None:
    assert drawable(text) == expected


@pytest.mark.parametrize("character", [DASH, texts.ELLIPSIS, MINUS, texts.TIMES, "·", "±", "■"])  # fmt: skip
def test_the_face_has_the_signs_that_are_used(character: str) -> None:
    assert drawable(character) == character
    assert texts._has_glyph(character)
