"""Taxes and promotions."""
