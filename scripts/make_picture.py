"""docs/demo.svg: what a real `scripts/demo` said, as a picture of a terminal.

scripts/demo 2> demo.txt && .venv/bin/python scripts/make_picture.py < demo.txt
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parent.parent / "docs" / "demo.svg"


def main() -> None:
    lines = [line.rstrip() for line in sys.stdin]
    shown = [line for line in lines if line and not re.match(r"chunk \d|scripts/|runs/", line)]
    width = max(map(len, shown))
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(Text("$ scripts/demo", style="bold"))
    for number, line in enumerate(shown):
        style = "bold" if number == 0 else "green" if line.startswith("finished") else ""
        console.print(Text(line, style=style), soft_wrap=True)
    PICTURE.write_text(console.export_svg(title="arcade_rl: Breakout from RAM, two CPU cores"))


if __name__ == "__main__":
    main()
