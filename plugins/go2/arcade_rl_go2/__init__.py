"""The Go2 robot in the Genesis simulator for arcade_rl."""
