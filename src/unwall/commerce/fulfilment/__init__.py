"""Shipments: the part of an order that one node picks, packs and hands over."""
