"""The cockpit: the terminal program that starts, watches and steers runs.

`tui` reads runs and starts `arcade-rl` commands in processes of their own. What needs no terminal
(rows, curves, health rules, forms) is in modules that import no Textual.
"""
