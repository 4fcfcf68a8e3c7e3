"""Feeds: the outboxes that a reader follows, merged on read."""
