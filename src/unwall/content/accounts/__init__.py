"""Accounts that publish, and who follows them."""
