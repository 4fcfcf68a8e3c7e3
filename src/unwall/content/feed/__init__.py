"""What a reader gets to see: the outboxes they follow, merged when they read."""
