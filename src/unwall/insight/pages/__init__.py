"""Personalized pages: modules of posts and products, with the merchant's pins at their positions."""
