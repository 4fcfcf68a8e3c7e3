"""Search over posts and accounts, in the words of `catalogue.terms`."""
