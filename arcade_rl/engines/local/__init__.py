"""The engine of this machine: processes that one server forks."""
