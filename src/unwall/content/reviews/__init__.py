"""Reviews of what was bought: stars, pictures, the merchant's answers, and the figures of a product's stars."""
