"""Taking money and giving it back: payments, refunds, and the ledger of both."""
