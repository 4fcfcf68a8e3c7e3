"""Goods that come back after a sale, and the money that goes back for them."""
