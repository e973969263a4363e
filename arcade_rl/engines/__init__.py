"""Where chunks execute: supervised processes of this machine."""
