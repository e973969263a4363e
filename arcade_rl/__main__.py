"""`python -m arcade_rl` is `arcade-rl`."""

from arcade_rl.cli import main

main()
