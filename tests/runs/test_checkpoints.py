"""A checkpoint exists when every byte of it verifies, stays for a reason, and never runs code."""

from __future__ import annotations

import base64
import io
import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from make_run import Made, make_run

from arcade_rl.config import Checkpoint as Retention
from arcade_rl.errors import MissingError, VerificationError
from arcade_rl.policies.load import load_policy, read_parameters, weights_sha256
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import LEAST, CheckpointState, best_of, kept, pool_of
from arcade_rl.runs.directory import RunDirectory, find_checkpoint

FILES = (checkpoints.MODEL, checkpoints.STATE, checkpoints.MANIFEST)
PLACES = 70
"""Places in each of the three files."""


@pytest.fixture
def sealed(finished: Made, tmp_path: Path) -> Path:
    """A copy of a real checkpoint, to damage."""
    return Path(shutil.copytree(finished.newest, tmp_path / finished.newest.name))


def reseal(directory: Path) -> None:
    """Make the manifest anew, as someone would who changed a file on purpose."""
    (directory / checkpoints.MANIFEST).unlink()
    checkpoints.seal(directory, checkpoints.read_state(directory).chunk)


def places(size: int) -> list[int]:
    """Offsets all over a file, its first and last byte among them."""
    rng = np.random.default_rng(size)
    inner = rng.choice(size, min(PLACES, size) - 2, replace=False)
    return sorted({0, size - 1, *map(int, inner)})


def test_a_sealed_checkpoint_verifies(sealed: Path) -> None:
    assert checkpoints.verify(sealed) == 4
    state = checkpoints.read_state(sealed)
    assert (state.chunk, state.parent, state.updates, state.steps) == (4, 3, 8, 2048)
    assert state.progress == 1.0
    assert state.milestones == ["100%"]
    reseal(sealed)
    assert checkpoints.verify(sealed) == 4


@pytest.mark.parametrize("name", FILES)
def test_a_file_truncated_anywhere_is_refused(sealed: Path, name: str) -> None:
    path = sealed / name
    whole = path.read_bytes()
    for offset in places(len(whole)):
        path.write_bytes(whole[:offset])
        with pytest.raises(VerificationError):
            checkpoints.verify(sealed)
    path.write_bytes(whole)
    assert checkpoints.verify(sealed) == 4


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_anywhere_is_refused(sealed: Path, name: str) -> None:
    path = sealed / name
    whole = path.read_bytes()
    for offset in places(len(whole)):
        changed = bytearray(whole)
        changed[offset] ^= 1 << offset % 8
        path.write_bytes(changed)
        with pytest.raises(VerificationError):
            checkpoints.verify(sealed)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(sealed: Path, name: str) -> None:
    (sealed / name).unlink()
    with pytest.raises(VerificationError):
        checkpoints.verify(sealed)


def test_an_extra_file_is_refused(sealed: Path) -> None:
    (sealed / "extra").touch()
    with pytest.raises(VerificationError, match="extra"):
        checkpoints.verify(sealed)


def test_a_manifest_of_another_format_is_refused(sealed: Path) -> None:
    path = sealed / checkpoints.MANIFEST
    content = json.loads(path.read_bytes())
    del content["sha256"]
    path.write_bytes(checkpoints._signed({**content, "format": 2}))
    with pytest.raises(VerificationError, match="format 2; this version reads 1"):
        checkpoints.verify(sealed)
    path.write_bytes(checkpoints._signed({}))
    with pytest.raises(VerificationError, match="format None"):
        checkpoints.verify(sealed)


@pytest.mark.parametrize(
    "change",
    [
        lambda values: {**values, "format": 3},
        lambda values: {key: value for key, value in values.items() if key != "steps"},
        lambda values: {**values, "recent": {}},
        lambda values: list(values),
    ],
)
def test_a_state_that_is_none_is_refused(sealed: Path, change: Callable[[Any], Any]) -> None:
    path = sealed / checkpoints.STATE
    path.write_text(json.dumps(change(json.loads(path.read_bytes()))))
    with pytest.raises(VerificationError):
        checkpoints.read_state(sealed)


# What a checkpoint holds is data, never code


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


def rewrite(model: Path, member: str, content: bytes) -> None:
    """Replace a member of the model's zip, or add it."""
    with zipfile.ZipFile(model) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[member] = content
    with zipfile.ZipFile(model, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def load(finished: Made, sealed: Path) -> Any:
    resolved = finished.resolved
    env = resolved.game.make_env(resolved.options, 1, "evaluation")
    return load_policy(
        sealed / checkpoints.MODEL,
        resolved.config.train,
        env.observation_space,
        env.action_space,
    )


def saved(value: object, **keywords: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **keywords)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "member", ["policy.pth", "policy.optimizer.pth", "pytorch_variables.pth", "more.pth"]
)
@pytest.mark.parametrize("wrap", ["bare", "torch", "torch legacy", "state dict"])
def test_a_planted_pickle_is_never_executed(
    finished: Made, sealed: Path, tmp_path: Path, member: str, wrap: str
) -> None:
    marker = tmp_path / "executed"
    bomb = Bomb(marker)
    content = {
        "bare": lambda: pickle.dumps(bomb, protocol=2),
        "torch": lambda: saved(bomb),
        "torch legacy": lambda: saved(bomb, _use_new_zipfile_serialization=False),
        "state dict": lambda: saved({"weight": torch.zeros(1), "bomb": bomb}),
    }[wrap]()
    rewrite(sealed / checkpoints.MODEL, member, content)
    reseal(sealed)
    checkpoints.verify(sealed)
    with pytest.raises(VerificationError, match="not a readable model"):
        read_parameters(sealed / checkpoints.MODEL)
    with pytest.raises(VerificationError, match="not a readable model"):
        load(finished, sealed)
    assert not marker.exists()
    pickle.loads(pickle.dumps(bomb))
    assert marker.exists()


def test_the_pickles_of_sb3s_own_data_are_never_read(
    finished: Made, sealed: Path, tmp_path: Path
) -> None:
    marker = tmp_path / "executed"
    model = sealed / checkpoints.MODEL
    with zipfile.ZipFile(model) as archive:
        data = json.loads(archive.read("data"))
    bomb = base64.b64encode(pickle.dumps(Bomb(marker))).decode()
    for value in data.values():
        if isinstance(value, dict) and ":serialized:" in value:
            value[":serialized:"] = bomb
    assert bomb in json.dumps(data)
    rewrite(model, "data", json.dumps(data).encode())
    reseal(sealed)
    checkpoints.verify(sealed)
    parameters = read_parameters(model)
    assert weights_sha256(parameters) == checkpoints.read_state(sealed).weights_sha256
    load(finished, sealed)
    assert not marker.exists()


def test_a_damaged_model_is_a_verification_error_even_if_its_manifest_is_right(
    finished: Made, sealed: Path
) -> None:
    model = sealed / checkpoints.MODEL
    whole = model.read_bytes()
    rng = np.random.default_rng(0)
    for offset in map(int, rng.integers(0, len(whole), 150)):
        for changed in (whole[:offset], whole[:offset] + bytes([whole[offset] ^ 0x55]) + whole[offset + 1 :]):  # fmt: skip
            model.write_bytes(changed)
            try:
                load(finished, sealed)
            except VerificationError:
                continue


# Which checkpoints stay


@pytest.fixture(scope="module")
def template(finished: Made) -> CheckpointState:
    return checkpoints.read_state(finished.newest)


def states(template: CheckpointState, *scores: float | None) -> list[CheckpointState]:
    """One state for each score, chunks from 0."""
    return [
        replace(
            template,
            chunk=chunk,
            milestones=[],
            recent=replace(
                template.recent,
                metrics={"hits": [] if score is None else [score, score + 2] * LEAST},
            ),
        )
        for chunk, score in enumerate(scores)
    ]


def test_the_latest_and_the_best_stay(template: CheckpointState) -> None:
    rows = states(template, None, 1, 9, 3, 4, 5)
    assert kept(rows, Retention(keep=2), "hits", "up", 4) == {
        4: ["latest"],
        5: ["latest"],
        2: ["best"],
    }
    assert kept(rows, Retention(keep=2), "hits", "down", 4)[1] == ["best"]


def test_milestones_and_every_kth_stay(template: CheckpointState) -> None:
    rows = states(template, 0, 0, 0, 0, 0, 0, 0)
    rows[3] = replace(rows[3], milestones=["10%", "20%"])
    reasons = kept(rows, Retention(keep=2, every=3), "hits", "up", 4)
    assert reasons == {
        0: ["every 3th", "best"],
        3: ["10%", "20%", "every 3th"],
        5: ["latest"],
        6: ["latest", "every 3th"],
    }


def test_opponents_of_open_episodes_stay(template: CheckpointState) -> None:
    rows = states(template, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    rows[-1] = replace(rows[-1], seated=[1, 2])
    reasons = kept(rows, Retention(keep=2), "hits", "down", 4)
    assert reasons[rows[1].chunk] == ["opponent"]
    assert reasons[2] == ["opponent"]


def test_a_pool_changes_at_milestones_alone(template: CheckpointState) -> None:
    ended = {0: "0%", 2: "25%", 5: "50%", 6: "75%"}
    rows = [
        replace(
            template,
            chunk=chunk,
            total_steps=8192,
            milestones=[ended[chunk]] if chunk in ended else [],
        )
        for chunk in range(8)
    ]
    pools = [pool_of(rows, start, 2) for start in rows]
    assert pools == [[0], [0], [0, 2], [0, 2], [0, 2], [2, 5], [5, 6], [5, 6]]


def test_the_earliest_of_equals_is_the_best(template: CheckpointState) -> None:
    assert best_of(states(template, 1, 5, 5), "hits", "up", 4) == 1
    assert best_of(states(template, None, None), "hits", "up", 4) is None
    assert best_of(states(template, None, 3, 2), "hits", "down", 4) == 2
    assert best_of(states(template, 1, 2), "nothing", "up", 4) is None


def test_a_mean_over_few_episodes_is_not_the_best(template: CheckpointState) -> None:
    lucky, usual = states(template, 9, 1)
    few = replace(lucky, recent=replace(lucky.recent, metrics={"hits": [9.0] * LEAST}))
    assert best_of([few, usual], "hits", "up", 4) == usual.chunk


def test_the_best_has_a_mean_of_enough_episodes(template: CheckpointState) -> None:
    (usual,) = states(template, 1)
    few = replace(usual, recent=replace(usual.recent, metrics={"hits": [9.0] * (LEAST - 1)}))
    assert best_of([few], "hits", "up", 1) is None
    first = replace(usual, episodes=63)
    assert best_of([first], "hits", "up", 64) is None, "the short ones of 64 environments"
    assert best_of([replace(usual, episodes=64)], "hits", "up", 64) == usual.chunk


def test_a_run_without_a_best_checkpoint_says_what_it_lacks(tmp_path: Path) -> None:
    made = make_run(tmp_path, "options.length=100", chunks=1)
    with pytest.raises(MissingError, match=r"newest has 4 episodes; expected 20 or more"):
        find_checkpoint(made.run, "best", "hits", "up")
    assert "best" not in str(
        kept([checkpoints.read_state(made.newest)], Retention(), "hits", "up", 4)
    )


def test_a_run_keeps_what_its_policy_says(finished: Made) -> None:
    stored = checkpoints.stored(finished.run.checkpoints)
    rows = [checkpoints.read_state(path) for _, path in stored]
    retention = finished.resolved.config.checkpoint
    assert [chunk for chunk, _ in stored] == sorted(kept(rows, retention, "hits", "up", 4))
    assert {0, 2, 3, 4} <= {chunk for chunk, _ in stored}


def test_what_is_no_checkpoint_is_not_stored(tmp_path: Path) -> None:
    assert checkpoints.stored(tmp_path / "nothing") == []
    for name in ("000010", "000002", "pruned-000001", ".tmp"):
        (tmp_path / name).mkdir()
    assert [chunk for chunk, _ in checkpoints.stored(tmp_path)] == [2, 10]


def test_a_commit_is_one_rename(sealed: Path, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    run.path.mkdir()
    checkpoints.commit(sealed, run.checkpoint(4))
    assert not sealed.exists()
    assert checkpoints.verify(run.checkpoint(4)) == 4
