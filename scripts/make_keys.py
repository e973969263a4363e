"""Write the tables of keys in docs/configuration.md from the models of the configuration.

.venv/bin/python scripts/make_keys.py            writes them
.venv/bin/python scripts/make_keys.py --check    exits with 1 where the page differs
"""

from __future__ import annotations

import sys
from pathlib import Path

from arcade_rl.config.keys import Key, KeyTable, key_tables

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"
BEGIN, END = "<!-- written by scripts/make_keys.py -->\n", "<!-- end -->\n"


def main(arguments: list[str]) -> int:
    """Write the page, or compare; returns the exit code."""
    text = PAGE.read_text(encoding="utf-8")
    written = renew(text)
    if "--check" in arguments:
        if written != text:
            print(f"{PAGE} is not what the models say; run scripts/make_keys.py", file=sys.stderr)
        return int(written != text)
    PAGE.write_text(written, encoding="utf-8")
    return 0


def renew(page: str) -> str:
    """The page with its tables written anew."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{PAGE} lacks the line {(BEGIN if not begin else END).strip()}")
    return f"{before}{begin}\n{chr(10).join(map(section, key_tables()))}\n{end}{after}"


def section(table: KeyTable) -> str:
    """One table of the configuration as Markdown."""
    rows = [row(key) for key in table.keys]
    lines = [
        f"### `{table.title}`",
        "",
        table.summary,
        "",
        "| key | takes | default | |",
        "|---|---|---|---|",
    ]
    return "\n".join([*lines, *rows, ""])


def row(key: Key) -> str:
    """One key as a row of a table."""
    name = key.name.rpartition(".")[2]
    default = f"`{escape(key.default)}`" if key.default else "must be set"
    meaning = f"{key.meaning} {key.takers}".rstrip()
    return f"| `{name}` | `{escape(key.type)}` | {default} | {escape(meaning)} |"


def escape(text: str) -> str:
    """Text whose bars end no cell."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
