"""Nodes, stock levels, the ledger, and holding stock (rules S1 to S13 in docs/rules/stock.md)."""
