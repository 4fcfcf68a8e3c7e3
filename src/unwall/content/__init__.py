"""The pillar "content": what is published and who listens."""
