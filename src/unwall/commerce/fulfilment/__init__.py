"""Shipments: what one node does for one order. Pick, make ready, hand over."""
