"""Use cases that involve several packages and are offered by more than one channel: one file per use case."""
