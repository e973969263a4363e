"""`arcade-rl completion`: the script that lets a shell complete commands, options and names."""

from __future__ import annotations

import os

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    ShellComplete,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

from arcade_rl.cli import COMPLETE, PROGRAM, cli
from arcade_rl.cli.examples import examples

_SCRIPT = """\
%(complete_func)s() {
    local IFS=$'\\n' item kind value
    COMPREPLY=()
    for item in $(env COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
            %(complete_var)s=bash_complete "$1" 2>/dev/null); do
        IFS=',' read -r kind value <<< "$item"
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class BashWholeWords(BashComplete):
    """Completion for bash that knows RUN@CHECKPOINT and RUN:EPISODE as one word: bash itself parts
    words at these signs, and puts what is completed behind the last of them."""

    name = "bash"
    source_template = _SCRIPT
    _kept = ""
    """The beginning of the last word that bash keeps."""

    def source(self) -> str:
        return self.source_template % self.source_vars()

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)
        incomplete = words.pop() if words and not line[-1:].isspace() else ""
        signs = [sign for sign in "@:=" if sign in os.environ.get("COMP_WORDBREAKS", "")]
        self._kept = incomplete[: max((incomplete.rfind(sign) + 1 for sign in signs), default=0)]
        return words[1:], incomplete

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type},{item.value.removeprefix(self._kept)}"


add_completion_class(BashWholeWords)


def shell_of(name: str) -> ShellComplete | None:
    """What answers a shell of this name; None for a shell that is not known."""
    kind = get_completion_class(name)
    return None if kind is None else kind(cli, {}, PROGRAM, COMPLETE)


@click.command(
    epilog=examples(
        'eval "$(arcade-rl completion bash)"    # a line for ~/.bashrc',
        'eval "$(arcade-rl completion zsh)"     # a line for ~/.zshrc, after compinit',
        "arcade-rl completion fish > ~/.config/fish/completions/arcade-rl.fish",
    )
)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print the script that lets a shell complete commands, options, and the names of runs,
    checkpoints, episodes, games, configurations and metrics."""
    asked = shell_of(shell)
    assert asked is not None
    click.echo(asked.source())
