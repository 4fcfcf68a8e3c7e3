"""Gift cards and store credit: what a merchant owes, as a ledger of double entry."""
