"""The statement by which entries are added to the ledger of money."""

ENTER = """
    INSERT INTO payment_ledger (at, merchant_id, order_id, payment_id, kind, source, target, amount, currency, cause_id,
        actor)
"""
