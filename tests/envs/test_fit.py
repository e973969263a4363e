"""What does not fit a game's environments is refused before a run is made, and without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import CommandLine
from gymnasium import spaces

from arcade_rl.config import from_assignments, resolve
from arcade_rl.envs.fit import refuse_unfitting, refuse_unfitting_choice
from arcade_rl.errors import ConfigError
from arcade_rl.registry import load_game
from arcade_rl.runs.directory import RunDirectory

DICT, IMAGE, MASKS = "options.observation=dict", "options.observation=image", "options.masks=true"
MISFITS = {
    "pictures that are none": (
        ["train.policy=CnnPolicy"],
        "train.policy: CnnPolicy does not take Box(0.0, 1.0, (5,), float32); expected Mlp",
    ),
    "a Dict that is none": (["train.policy=MultiInputPolicy"], "expected Mlp"),
    "a Dict": ([DICT, "train.policy=MlpPolicy"], "expected MultiInput"),
    "a Dict for a memory": (
        [DICT, "train.policy=CnnLstmPolicy", "train.algorithm=sb3:RecurrentPPO"],
        "CnnLstmPolicy does not take Dict(",
    ),
    "noise": (["train.use_sde=true"], "train.use_sde: the actions are Discrete(4); expected cont"),
    "masks": (["train.algorithm=sb3:MaskablePPO"], "train.algorithm: the game forbids no actions"),
}
FITTING = [
    [IMAGE, "train.policy=CnnPolicy"],
    [IMAGE, "train.policy=MlpPolicy"],
    [DICT, "train.policy=MultiInputPolicy"],
    ["train.policy=MlpPolicy"],
    [MASKS, "train.algorithm=sb3:MaskablePPO"],
    ["options.actions=continuous", "train.use_sde=true"],
]


def resolved_with(assignments: list[str]) -> Any:
    return resolve([from_assignments(["game=toy", *assignments])], load_game)


@pytest.mark.parametrize(("assignments", "message"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_is_refused_in_one_line(assignments: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        refuse_unfitting_choice(resolved_with(assignments))
    assert message in str(refused.value)
    assert str(refused.value).startswith("--set: train.")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("assignments", FITTING, ids=" ".join)
def test_what_fits_is_taken(assignments: list[str]) -> None:
    refuse_unfitting_choice(resolved_with(assignments))


def with_space(space: spaces.Space[Any]) -> Any:
    env: Any = load_game("toy").make_env(load_game("toy").options(), 1, "training")
    env.observation_space = space
    return env


@pytest.mark.parametrize(
    ("shape", "fits"),
    [((3, 36, 36), True), ((84, 84, 4), True), ((35, 84, 3), False), ((1, 84, 35), False)],
)
@pytest.mark.parametrize("is_in_dict", [True, False])
def test_pictures_have_room_for_the_convolutions(
    shape: tuple[int, ...], fits: bool, is_in_dict: bool
) -> None:
    picture = spaces.Box(0, 255, shape, np.uint8)
    env = with_space(spaces.Dict(seen=picture) if is_in_dict else picture)
    if fits:
        refuse_unfitting(resolved_with([]), env)
        return
    with pytest.raises(ConfigError, match="are too small; expected sides of 36 pixels"):
        refuse_unfitting(resolved_with([]), env)


def test_pictures_that_are_normalized_already_may_hold_any_numbers() -> None:
    env = with_space(spaces.Box(0, 1, (3, 48, 48), np.float32))
    chosen = ["train.policy=CnnPolicy"]
    with pytest.raises(ConfigError, match="CnnPolicy does not take Box"):
        refuse_unfitting(resolved_with(chosen), env)
    normalized = "train.policy_kwargs.normalize_images=false"
    refuse_unfitting(resolved_with([*chosen, normalized]), env)


def test_nothing_is_made_of_what_does_not_fit(arcade_rl: CommandLine, tmp_path: Path) -> None:
    said = arcade_rl(
        *("train", "toy", "--run", "r", "--runs-dir", str(tmp_path)),
        *("--set", "train.policy=CnnPolicy"),
    )
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("arcade-rl: error: --set: train.policy: CnnPolicy does not take")
    assert said.stderr.count("\n") == 1
    assert not RunDirectory(tmp_path / "r").path.exists()


def test_a_file_is_validated_without_torch(tmp_path: Path) -> None:
    path = tmp_path / "toy.toml"
    path.write_text('game = "toy"\n[train]\nuse_sde = true\n')
    code = (
        "import sys; from arcade_rl import cli\n"
        f"code = cli.run(['config', 'validate', {str(path)!r}])\n"
        "assert 'torch' not in sys.modules; sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith(f"{path}: fault: train.use_sde: the actions are Discrete(4)")
