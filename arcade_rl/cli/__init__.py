"""The command line. Each command is imported when it is used, so that `--help` loads only click."""

from __future__ import annotations

import errno
import importlib
import os
import re
import sys
import traceback
from collections.abc import Sequence

import click

from arcade_rl import __version__
from arcade_rl.errors import ArcadeError
from arcade_rl.words import nearest

PROGRAM = "arcade-rl"
COMPLETE = "_ARCADE_RL_COMPLETE"
"""Variable by which a shell asks what may follow on its command line."""
INTERRUPTED = 130
LONGEST_WORD = 300
"""Most letters of a word of an error that are shown; a path may have that many."""
_ENDLESS = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")

COMMANDS = {
    "train": ("train:train", "Train an agent in crash-proof chunks."),
    "resume": ("train:resume", "Continue a run from its last verified checkpoint."),
    "stop": ("train:stop", "End a run after saving it."),
    "pause": ("train:pause", "Save a run, free its memory, and hold it."),
    "evaluate": ("evaluate:evaluate", "Play episodes with a checkpoint and measure them."),
    "runs": ("runs:runs", "List, show, follow, compare and delete runs."),
    "episodes": ("episodes:episodes", "Find, show, verify and extract recorded episodes."),
    "watch": ("watch:watch", "Show episodes, or a checkpoint that plays, in a window."),
    "play": ("play:play", "Play a game yourself, and record it."),
    "states": ("states:states", "List the saved moments of games that episodes can begin from."),
    "branches": (
        "branches:branches",
        "List the games that people played, and what they go on from.",
    ),
    "export": (
        "export:export",
        "Make films of episodes, milestones and whole trainings, and pictures.",
    ),
    "tui": ("tui:tui", "Start, watch and steer runs on a screen of the terminal."),
    "feed": ("feed:feed", "Write what a run plays now, for programs on other machines."),
    "plugins": ("plugins:plugins", "List, show and check the installed games."),
    "roms": ("roms:roms", "Check, import and list the ROMs that games need."),
    "config": ("config:config", "List, show, explain and validate configurations."),
    "doctor": ("doctor:doctor", "Check this machine, and say what to do."),
    "completion": ("completion:completion", "Print what lets a shell complete commands and names."),
    "help": ("help:show_help", "Show the help of a command."),
    "version": ("help:version", "Show the version."),
}
"""For the name of each command its "module:attribute" in this package, and its line in the help."""
EXAMPLES = """\b
Examples:
  arcade-rl train breakout --run first    # Ctrl-C saves; `resume` continues
  arcade-rl runs list
  arcade-rl export milestones first --clip-seconds 8

`arcade-rl help COMMAND` explains a command."""
_OUTSIDE = re.compile(r"(?P<value>'.*') is not one of (?P<known>.*)\.", re.DOTALL)
"""What click says of a value that is not among the choices of an option."""


class Commands(click.Group):
    """A group that knows its commands by name and imports one when it is invoked."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(f"arcade_rl.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        if ctx.resilient_parsing:  # a shell asks what may follow
            from arcade_rl.cli.offered import offer_names

            offer_names(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = nearest(args[0], COMMANDS)
        if near and args[0] not in COMMANDS and not ctx.resilient_parsing:
            raise click.UsageError(f"No such command '{args[0]}'. Did you mean '{near}'?", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (
            ValueError,
            TypeError,
            KeyError,
        ):  # perhaps of a library that reads all entry points
            from arcade_rl.registry import refuse_unreadable

            refuse_unreadable()
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(
    cls=Commands,
    invoke_without_command=True,
    epilog=EXAMPLES,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "color": True,  # click removes no codes: `VisibleStream` escapes those of strangers
    },
)
@click.version_option(
    __version__, "-V", "--version", prog_name=PROGRAM, message="%(prog)s %(version)s"
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Train agents to play games, and make films that show how they learn.

    Without a command, on a terminal: the screen of `arcade-rl tui`.
    """
    if context.invoked_subcommand is not None:
        return
    from arcade_rl.cli.tui import is_terminal, open_cockpit

    if is_terminal():
        open_cockpit()
    else:
        click.echo(context.get_help())


def main() -> int:
    """Run the command line of this process and return its exit code."""
    from arcade_rl.cli.output import filter_streams

    _open_closed_streams()
    filter_streams()
    return run(sys.argv[1:])


def _open_closed_streams() -> None:
    """Open streams that the caller has closed, so that what is written to them goes nowhere. Python
    has no such stream then, and the next file to be opened would take its number."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; an error becomes one line on stderr."""
    try:
        if instruction := os.environ.get(COMPLETE):
            return _answer_shell(instruction)
        code = cli.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return _refuse(error, arguments)
    except ArcadeError as error:
        return _report(error)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return 1
    except OSError as error:  # a full disk or missing rights: the system's words name the file
        reported = ArcadeError(f"{error}; {_advice(error)}")
        reported.__cause__ = error
        return _report(reported)
    return code if isinstance(code, int) else 0


def _answer_shell(instruction: str) -> int:
    """Say what may follow on the command line of a shell, which is in the environment. Returns the
    exit code."""
    from arcade_rl.cli.completion import shell_of

    shell, _, wanted = instruction.partition("_")
    asked = shell_of(shell)
    if asked is None:
        return 1
    click.echo(asked.source() if wanted == "source" else asked.complete())
    return 0


def _advice(error: OSError) -> str:
    """What to do about an error of the system."""
    by_number = {
        errno.ENAMETOOLONG: "choose a shorter name",
        errno.ENOMEM: "end something else, or allow this process more memory",
        errno.EMFILE: "close some files, or allow this process more; see `ulimit -n`",
        errno.ENOSPC: "free some space there",
        errno.EDQUOT: "free some space there, or ask for more",
        errno.EACCES: "check that path and its rights",
        errno.EPERM: "check that path and its rights",
    }
    return by_number.get(error.errno or 0, "check that path, its rights and the free space there")


def _refuse(error: click.ClickException, arguments: Sequence[str]) -> int:
    """Say in one line what click would say in four."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else _command_in(arguments)
    message = error.format_message()
    stop = "" if message.endswith((".", "?")) else "."
    _say(f"{message}{stop}{_nearest_choice(message)} Try: {command} --help")
    return error.exit_code


def _command_in(arguments: Sequence[str]) -> str:
    """The command that a command line begins with; click's parser does not say which one refuses
    an option."""
    context, names = click.Context(cli, info_name=PROGRAM), [PROGRAM]
    group: click.Command | None = cli
    for word in arguments:
        group = group.get_command(context, word) if isinstance(group, click.Group) else None
        if group is None:
            break
        names.append(word)
    return " ".join(names)


def _nearest_choice(message: str) -> str:
    """The question whether the nearest choice was meant, where click names all of them."""
    if (found := _OUTSIDE.search(message)) is None:
        return ""
    *_, value = re.findall(r"'([^']*)'", found["value"])
    near = nearest(value, re.findall(r"'([^']*)'", found["known"]))
    return f" Did you mean '{near}'?" if near else ""


def _report(error: ArcadeError) -> int:
    if os.environ.get("ARCADE_RL_DEBUG") == "1":
        traceback.print_exception(error)
    _say(str(error))
    return error.exit_code


def _say(message: str) -> None:
    line = " ".join(message.splitlines())
    line = _ENDLESS.sub(lambda word: f"{word[0][:LONGEST_WORD]}...", line)
    click.echo(f"{PROGRAM}: error: {line}", err=True, color=True)


def _silence_stdout() -> None:
    """Let the interpreter's last flush go nowhere, because the reader of the pipe has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
