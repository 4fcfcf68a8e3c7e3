"""The UCI Online Retail file as a merchant (rules O1 to O17 in docs/rules/online-retail.md)."""
