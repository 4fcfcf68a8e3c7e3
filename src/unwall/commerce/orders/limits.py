"""Limits that the settings state as their defaults. Nothing is imported here, so that settings load no rules."""

PAY_MINUTES = 15
"""How long a prepared order can be paid; the default of the setting `pay_minutes`."""
MAX_NUMBER_CHARACTERS = 40
"""Of an order's number; that of an imported order can be any text."""
