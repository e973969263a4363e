"""Checks a game in other processes, which it may end without ending this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from arcade_rl.envs.conformance.apart import LOADED, RAISED, how_it_ended
from arcade_rl.envs.conformance.report import Check, Fault, Report
from arcade_rl.errors import PluginError

MODULE = [sys.executable, "-m", __package__ or ""]


def refuse_what_ends_its_process(name: str) -> None:
    """PluginError if importing the game ends the process that does so. What else is wrong with the import
    is told by whoever imports the game."""
    done = subprocess.run(
        [*MODULE, "load", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    if done.returncode not in (LOADED, RAISED):
        raise PluginError(
            f"{name}: the process {how_it_ended(done.returncode)} while the plugin was imported; import "
            "emulators and simulators in make_env, not at the top of the module"
        )


def check_elsewhere(
    name: str,
    options: BaseModel,
    steps: int,
    tell: Callable[[Check], None],
    expect: Callable[[float], None],
) -> Report:
    """Check a game; `tell` and `expect` are those of `conformance.check`. PluginError if the process
    that asks the questions dies itself."""
    readable, writable = os.pipe()
    table = options.model_dump_json()
    command = [*MODULE, "check", name, table, str(steps), str(writable)]
    process = subprocess.Popen(
        command, stdout=2, pass_fds=[writable]
    )  # what a game prints is narration
    os.close(writable)
    checks: list[Check] = []
    is_done = False
    try:
        with open(readable, encoding="utf-8") as lines:
            for line in lines:
                event: dict[str, Any] = json.loads(line)
                if "seconds" in event:
                    expect(event["seconds"])
                elif "check" in event:
                    checks.append(_check(event["check"]))
                    tell(checks[-1])
                else:
                    is_done = True
    finally:
        process.terminate()
        status = process.wait()
    if not is_done:
        last = f"after {checks[-1].name}" if checks else "before the first check"
        raise PluginError(f"{name}: the process of the check {how_it_ended(status)} {last}")
    return Report(name, tuple(checks))


def _check(event: dict[str, Any]) -> Check:
    faults = tuple(Fault(**fault) for fault in event.pop("faults"))
    return Check(faults=faults, **event)
