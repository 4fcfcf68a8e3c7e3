"""Data sets: a merchant's whole data as a folder of JSON Lines (docs/dataset.md)."""
