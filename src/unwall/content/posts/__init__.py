"""Posts of accounts: text, media, and tagged products."""
