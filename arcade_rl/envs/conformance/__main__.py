"""The processes in which games are checked.

`python -m arcade_rl.envs.conformance load GAME` imports a game, and exits with `LOADED`.
`... check GAME OPTIONS STEPS FD` checks it, and writes a line of JSON to the file descriptor FD for what
is expected and for every check. `... digests GAME OPTIONS STEPS PATH` writes digests of a game's
episodes, played in this process, to PATH.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from arcade_rl.envs.conformance.apart import LOADED
from arcade_rl.registry import load_game

what, name, *rest = sys.argv[1:]
game = load_game(name)
if what == "load":
    sys.exit(LOADED)
else:
    from arcade_rl.envs import conformance
    from arcade_rl.envs.conformance.determinism import digests

    table, steps, target = rest
    options = game.options.model_validate_json(table)
    if what == "digests":
        told = json.dumps(digests(game, options, int(steps)))
        Path(target).write_text(told, encoding="utf-8")
    else:
        lines = os.fdopen(int(target), "w", encoding="utf-8", buffering=1)

        def write(event: dict[str, Any]) -> None:
            lines.write(json.dumps(event) + "\n")

        conformance.check(
            game,
            options,
            int(steps),
            apart=True,
            tell=lambda check: write({"check": asdict(check)}),
            expect=lambda seconds: write({"seconds": seconds}),
        )
        write({"done": True})
