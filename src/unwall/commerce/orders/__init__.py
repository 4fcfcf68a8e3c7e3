"""Carts, the three-phase checkout, orders and payments."""
