"""Discovery: a stream over all accounts, ranked by how likely people are to do something with a post."""
