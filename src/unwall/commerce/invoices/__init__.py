"""Invoices and credit notes, numbered without gaps and kept as they were issued (rules I1 to I7 in
docs/rules/invoices.md)."""
