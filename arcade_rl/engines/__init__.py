"""Where chunks execute: a supervisor, a port, and the engines behind the port."""
