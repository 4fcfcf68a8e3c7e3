"""Which post an order is credited to, and the figures of the merchant's Today page."""
