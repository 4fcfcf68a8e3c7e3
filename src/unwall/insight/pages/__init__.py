"""A page for each person: modules of posts and products, the merchant's guarantees kept."""
