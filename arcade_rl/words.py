"""Numbers as people read them: counts, parts, durations, sizes and dates, alike in every face; and
what may have been meant by a name that does not exist; and text of strangers made visible."""

from __future__ import annotations

import difflib
import math
import time
from collections.abc import Iterable

DASH = "\N{EN DASH}"
"""Stands for a missing number."""
MINUS = "\N{MINUS SIGN}"


def number(value: float | None, digits: int) -> str:
    """A number with `digits` digits after the point and a true minus; a dash for None and for
    values that are not finite."""
    if value is None or not math.isfinite(value):
        return DASH
    if abs(value) >= 1e12:
        return f"{value:.{digits}e}".replace("-", MINUS)
    text = f"{value:,.{digits if abs(value) < 1e6 else 0}f}"
    is_zero = not text.strip("-0.,")
    return text.lstrip("-") if is_zero else text.replace("-", MINUS)


def cell(value: float | None) -> str:
    """A number in a table, with two digits after the point, that scripts can read; "-" for None."""
    return "-" if value is None else f"{value:.2f}"


def short_count(count: int) -> str:
    """A count in three digits: 950, 4.20 k, 98.8 M."""
    value, unit = float(count), ""
    for larger in ("k", "M", "G", "T"):
        if value < 999.5:
            break
        value, unit = value / 1000, f" {larger}"
    digits = 0 if not unit or value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:.{digits}f}{unit}"


def exact_percent(part: float) -> str:
    """A part of 1 in percent with one digit, without the percent sign. The value is cut and not
    rounded, so that 100 means the end."""
    tenths = int(part * 1000 + 1e-9)
    return "100" if tenths == 1000 else f"{tenths / 10:.1f}"


def percent(part: float | None) -> str:
    """A part of 1 in whole percent, such as "12 %"; "?" for None."""
    return "?" if part is None else f"{100 * part:.0f} %"


def clock_duration(seconds: float) -> str:
    """A duration as h:mm:ss, cut to whole seconds."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def short_duration(seconds: float) -> str:
    """A duration as m:ss, or as h:mm:ss from an hour on, rounded to seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def rough_duration(seconds: float) -> str:
    """A duration in the largest unit that leaves a number of at least two, such as "90 min"."""
    return _rough(seconds, ("d", "h", "min", "s"))


def spoken_duration(seconds: float) -> str:
    """A duration as people say it, such as "90 minutes"."""
    text = _rough(seconds, ("days", "hours", "minutes", "seconds"))
    return text.removesuffix("s") if text.startswith("1 ") else text


def _rough(seconds: float, units: tuple[str, str, str, str]) -> str:
    for unit, length in zip(units, (86_400, 3_600, 60), strict=False):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} {units[-1]}"


def size(count: float) -> str:
    """A number of bytes, such as "1.2 MB"."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def exact_size(count: int, large: int) -> str:
    """An exact number of bytes; from `large` bytes on, the number in MiB follows."""
    text = f"{count:,} byte{'' if count == 1 else 's'}"
    return text if count < large else f"{text} ({count / 2**20:,.1f} MiB)"


def date(seconds: float) -> str:
    """Seconds since the epoch as local time, to the minute; a time that no calendar has stays in
    seconds."""
    return _time(seconds, "%Y-%m-%d %H:%M")


def exact_date(seconds: float) -> str:
    """Seconds since the epoch as local time, to the second."""
    return _time(seconds, "%Y-%m-%d %H:%M:%S")


def time_of_day(seconds: float) -> str:
    """Seconds since the epoch as local time of day, without the date."""
    return _time(seconds, "%H:%M:%S")


def _time(seconds: float, form: str) -> str:
    try:
        return time.strftime(form, time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return f"{seconds:g} s"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`; None where no name is like it."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


def meant_or(name: str, known: Iterable[str], otherwise: str) -> str:
    """The question whether the nearest known name was meant; `otherwise` where no name is like
    `name`."""
    near = nearest(name, known)
    return otherwise if near is None else f"did you mean {near}?"


def visible(text: str) -> str:
    """`text` with all that is neither printable nor the end of a line nor a tab as an escape, such
    as \\u001b.

    Names and messages come from files and plugins of strangers, and a terminal obeys what they
    hold: control codes, marks that turn the direction of writing around, characters without width.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else _escape(c) for c in text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
