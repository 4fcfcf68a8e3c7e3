"""Segments: groups of a merchant's members by their traits and by what they did, counted and kept."""
