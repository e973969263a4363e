"""Files of a run in their valid form, signatures included, whose fields are missing or odd."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from make_run import Made

from arcade_rl.errors import VerificationError
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import _signed, read_state, verify
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.episodes import Condition, Query, find_episodes, numbered
from arcade_rl.runs.files import canonical_json
from arcade_rl.runs.schema import LARGEST
from arcade_rl.runs.summary import describe

GONE = object()
ODD = [GONE, None, -1.5, 2**63, -(2**70), "text", [], {}, [None], {"a": {}}, True, 10**400]
ODD_IDS = [
    "gone",
    "none",
    "float",
    "2^63",
    "-2^70",
    "text",
    "list",
    "map",
    "[none]",
    "nested",
    "bool",
    "long",
]


def changed(values: dict[str, Any], key: str, odd: Any) -> dict[str, Any]:
    rest = {name: value for name, value in values.items() if name != key}
    return rest if odd is GONE else {**rest, key: odd}


def write_manifest(directory: Path, manifest: dict[str, Any]) -> None:
    content = {key: value for key, value in manifest.items() if key != "sha256"}
    (directory / checkpoints.MANIFEST).write_bytes(_signed(content))


@pytest.mark.parametrize("odd", ODD, ids=ODD_IDS)
def test_a_signed_manifest_of_other_fields_is_refused(
    finished: Made, tmp_path: Path, odd: Any
) -> None:
    directory = checkpoints.stored(finished.copy(tmp_path).checkpoints)[-1][1]
    manifest = json.loads((directory / checkpoints.MANIFEST).read_bytes())
    first, *others = manifest["files"]
    cases = [changed(manifest, key, odd) for key in ("format", "chunk", "files")]
    cases += [{**manifest, "files": [changed(first, key, odd), *others]} for key in first]
    cases += [
        {**manifest, "files": [odd if odd is not GONE else 1, *others]},
        {**manifest, "new": 1},
    ]
    for case in cases:
        write_manifest(directory, case)
        with pytest.raises(VerificationError) as refused:
            verify(directory)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "data", ["[" * 100_000, "9" * 5000, "[1]", "null", "1e400", '{"format": 1}']
)
def test_a_manifest_that_is_none_is_refused(finished: Made, tmp_path: Path, data: str) -> None:
    directory = checkpoints.stored(finished.copy(tmp_path).checkpoints)[-1][1]
    (directory / checkpoints.MANIFEST).write_text(data)
    with pytest.raises(VerificationError):
        verify(directory)


@pytest.mark.parametrize("odd", ODD, ids=ODD_IDS)
def test_a_state_of_other_fields_is_refused_or_fits(
    finished: Made, tmp_path: Path, odd: Any
) -> None:
    """Where it fits the field's type, what it holds fits the database too."""
    directory = checkpoints.stored(finished.copy(tmp_path).checkpoints)[-1][1]
    path = directory / checkpoints.STATE
    state = json.loads(path.read_bytes())
    for key in state:
        path.write_bytes(canonical_json(changed(state, key, odd)))
        try:
            found = getattr(read_state(directory), key)
        except VerificationError:
            continue
        assert not isinstance(found, int) or abs(found) <= LARGEST


def described(run: RunDirectory) -> str:
    return "\n".join(describe(run, verify=True).summary.faults)


@pytest.mark.parametrize("odd", ODD, ids=ODD_IDS)
def test_an_identity_of_other_fields_is_told(finished: Made, tmp_path: Path, odd: Any) -> None:
    run = finished.copy(tmp_path)
    identity = json.loads(run.identity_file.read_bytes())
    for key, value in identity.items():
        run.identity_file.write_text(json.dumps(changed(identity, key, odd)))
        is_told = "run.json" in described(run)
        fits = isinstance(odd, type(value)) and odd not in ([None], {"a": {}}, True)
        is_number = key == "created" and isinstance(odd, int | float) and odd is not True
        optional = key in ("main_metric", "format") and odd is GONE
        assert is_told != (
            (fits or is_number or optional) and odd not in (2**63, -(2**70), 10**400)
        )


@pytest.mark.parametrize("number", [LARGEST, 2**63, 2**64, 10**400])
def test_no_number_is_too_large_to_be_asked_for(finished: Made, number: int) -> None:
    every = list(find_episodes(finished.run, Query()))
    assert every
    assert list(find_episodes(finished.run, Query(limit=number))) == every
    assert list(find_episodes(finished.run, numbered(number))) == []
    assert list(find_episodes(finished.run, Query((Condition("number", "<", number),)))) == every
    assert list(find_episodes(finished.run, Query((Condition("number", ">", -number),)))) == every
