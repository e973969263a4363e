"""`arcade-rl watch` of a run that trains, here and on another machine: a command takes the place of
ssh."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from make_run import Made
from supervised import start, wait_until
from toy_runs import ENDLESS, SLOW, TRAIN

from arcade_rl.errors import UsageError
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.ssh import feed_command

if TYPE_CHECKING:
    from conftest import CommandLine

HEADLESS = ["--overlay", "minimal", "--headless", "--frames", "5", "--screenshot", "shot.png"]
SSH = """#!{python}
import os, sys
sys.stdin.close()
words = sys.argv[1:]
with open({log!r}, "a") as log:
    print(*words, sep="|", file=log)
command = " ".join(words[words.index("--") + 2 :])
os.chdir({home!r})
os.execvp("sh", ["sh", "-c", command])
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program `ssh` that runs its command here, in the folder "home"; the file of its calls."""
    folder, home, log = tmp_path / "bin", tmp_path / "home", tmp_path / "calls"
    folder.mkdir()
    home.mkdir()
    script = folder / "ssh"
    script.write_text(SSH.format(python=sys.executable, log=str(log), home=str(home)))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return log


PROGRAM = ["--remote-program", f"{sys.executable} -m arcade_rl"]


def test_a_run_of_another_machine_is_shown_with_its_policy(
    fed: Made, ssh: Path, arcade_rl: CommandLine, folder_of_commands: Path
) -> None:
    full = ["--overlay", "full", *HEADLESS[2:]]
    done = arcade_rl("watch", f"ssh://me@there:2222{fed.run.path}", *full, *PROGRAM)
    assert (done.returncode, done.stdout, done.stderr) == (0, "shot.png\n", "")
    assert (folder_of_commands / "shot.png").stat().st_size > 10_000
    feed, checkpoint = ssh.read_text().splitlines()
    command = f"{sys.executable} -m arcade_rl feed {fed.run.path}"
    assert feed == f"-p|2222|--|me@there|{command}|--follow"
    assert checkpoint == f"-p|2222|--|me@there|{command}|--checkpoint|0"


def test_a_path_from_the_home_folder_and_a_strange_name_arrive(
    fed: Made, ssh: Path, arcade_rl: CommandLine, tmp_path: Path
) -> None:
    run = fed.copy(tmp_path / "home")
    run.path.rename(tmp_path / "home" / "it's; rm -r")
    done = arcade_rl("watch", "ssh://there/~/it%27s; rm -r", *HEADLESS, *PROGRAM)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_missing_game_is_named_before_a_window_opens(
    fed: Made, ssh: Path, arcade_rl: CommandLine, tmp_path: Path
) -> None:
    run = fed.copy(tmp_path)
    run.config.write_text(run.config.read_text().replace('game = "toy"', 'game = "tetris"'))
    done = arcade_rl("watch", f"ssh://there{run.path}", *HEADLESS, *PROGRAM)
    assert done.returncode == 3
    assert "no installed plugin offers a game named tetris" in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_is_wrong_there_is_said_here(
    ssh: Path, arcade_rl: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = arcade_rl("watch", f"ssh://there{tmp_path}/nobody", *HEADLESS, *PROGRAM)
    assert done.returncode == 3
    assert "nobody is not a run" in done.stderr
    done = arcade_rl(
        "watch", f"ssh://there{tmp_path}/nobody", *HEADLESS, "--remote-program", "nope"
    )
    assert done.returncode == 3
    assert "nope" in done.stderr
    monkeypatch.setenv("PATH", str(tmp_path))
    done = arcade_rl("watch", f"ssh://there{tmp_path}/nobody", *HEADLESS)
    assert done.returncode == 3
    assert "there is no program ssh here; install it" in done.stderr


@pytest.mark.parametrize(
    "address",
    [
        "ssh://", "ssh:///path", "ssh://host", "ssh://host/", "ssh://host:port/path",
        "ssh://me:secret@host/path", "ssh://-oProxyCommand=x/path", "ssh://-l@host/path", "ssh://host/a?b",
        "ssh://host/a%0Ab", "ssh://[host/path",
    ],
)  # fmt: skip
def test_an_address_of_another_form_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"expected ssh://\[USER@\]HOST"):
        feed_command(address, "arcade-rl")


def test_an_address_becomes_a_command() -> None:
    assert feed_command("ssh://host/runs/first", "arcade-rl") == ["ssh", "--", "host", "arcade-rl feed /runs/first"]  # fmt: skip
    assert (
        feed_command("ssh://host/~/runs/my run", "arcade-rl")[-1]
        == "arcade-rl feed './runs/my run'"
    )


@pytest.mark.usefixtures("leave_nothing_running")
def test_a_run_that_trains_is_followed(
    tmp_path: Path, arcade_rl: CommandLine, folder_of_commands: Path
) -> None:
    run = RunDirectory(tmp_path / "r")
    start(tmp_path, [*TRAIN, *ENDLESS, *SLOW])
    wait_until(lambda: run.feed.is_dir() and any(run.feed.iterdir()))
    done = arcade_rl("watch", str(run.path), "--environment", "3", *HEADLESS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "shot.png\n", "")
    done = arcade_rl("watch", str(run.path), "--sampled", *HEADLESS)
    assert done.returncode == 2
    assert "followed while it trains; name a checkpoint" in done.stderr
    done = arcade_rl("watch", str(run.path), "--environment", "9", *HEADLESS)
    assert done.returncode == 2
    assert "r shows environments 0 to 7, and not 9" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--environment", "1"], "is for a run that trains now"),
        (["--remote-program", "x"], "is for ssh://HOST/PATH"),
    ],
)
def test_what_is_for_trainings_is_refused_elsewhere(
    fed: Made, arcade_rl: CommandLine, arguments: list[str], message: str
) -> None:
    done = arcade_rl("watch", str(fed.run.path), *HEADLESS, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
