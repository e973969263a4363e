"""`python -m arcade_rl.envs.conformance GAME OPTIONS STEPS PATH` writes digests of a game's
episodes, played in this process, to PATH."""

import json
import sys
from pathlib import Path

from arcade_rl.envs.conformance.determinism import digests
from arcade_rl.registry import load_game

name, table, steps, path = sys.argv[1:]
game = load_game(name)
options = game.options.model_validate_json(table)
Path(path).write_text(json.dumps(digests(game, options, int(steps))), encoding="utf-8")
