"""Posts and products that people save for later, and how often each is saved."""
