"""Accounts, posts and feeds."""
