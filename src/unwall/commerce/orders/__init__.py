"""Carts, the checkout (prepare, pay, finish), orders and payments."""
