"""Questions on products, answered by the merchant and by buyers."""
