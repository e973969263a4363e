"""A module that cannot be imported: it ends the process instead."""

raise SystemExit("no licence")
