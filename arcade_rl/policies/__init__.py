"""Build and load policies, without ever unpickling."""
