"""Sourcing: delivery options with dates and fees, and the cheapest plan of nodes for each."""
