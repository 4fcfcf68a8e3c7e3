"""The omnichannel pillar: how many, where, sold and handed over. Knows nothing of content."""
