"""The address of a run on another machine, and the command that reads the run's feed there."""

from __future__ import annotations

import re
import shlex
from urllib.parse import SplitResult, unquote, urlsplit

from arcade_rl.config import cut
from arcade_rl.errors import UsageError

SCHEME = "ssh://"
EXPECTED = "expected ssh://[USER@]HOST[:PORT]/PATH/TO/RUN"
HOME = "/~/"
"""Beginning of a path that is meant from the home folder of the other machine's user."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.%:-]*")
"""A name of a user or a machine that no program takes for an option."""


def names_other_machine(reference: str) -> bool:
    """Whether the reference is an address of a run on another machine."""
    return reference.startswith(SCHEME)


def feed_command(address: str, program: str) -> list[str]:
    """The command that runs `arcade-rl feed` on the other machine. `program`: how the other machine
    calls arcade-rl, as a command of its shell. UsageError for an address of another form."""
    parts, port = _split(address)
    user, host = parts.username, parts.hostname
    names = [name for name in (user, host) if name is not None]
    path = unquote(parts.path)
    if not host or parts.password or parts.query or parts.fragment or len(path) < 2:
        raise UsageError(f"{cut(address)} is not the address of a run; {EXPECTED}")
    if not all(map(_NAME.fullmatch, names)) or not path.isprintable():
        raise UsageError(f"{cut(address)} has a strange name; {EXPECTED}")
    where = f"{user}@{host}" if user else host
    options = [] if port is None else ["-p", str(port)]
    # A path with a separator is never taken for the name of a run.
    run = f"./{path.removeprefix(HOME)}" if path.startswith(HOME) else path
    return ["ssh", *options, "--", where, f"{program} feed {shlex.quote(run)}"]


def _split(address: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(address)
        return parts, parts.port
    except ValueError as error:
        raise UsageError(
            f"{cut(address)} is not the address of a run: {error}; {EXPECTED}"
        ) from None
