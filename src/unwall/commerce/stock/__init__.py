"""Nodes, levels, the ledger and the desk that holds stock (rules S1 to S12 in docs/rules/stock.md)."""
