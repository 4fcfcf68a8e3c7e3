"""Benchmarks: `uv run python -m bench NAME [--quick] [--seed N] [--json]`. How to write one: frame.py."""
