"""What happened: one append-only log of behaviour and facts, partitioned by day."""
