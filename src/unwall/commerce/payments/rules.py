"""What may be given back of a payment, and who held the money (rules R1 to R4 in docs/rules/payments.md)."""

from collections.abc import Sequence
from uuid import UUID

from unwall.commerce.payments.values import (
    Holder,
    Payment,
    PaymentRefund,
    PaymentState,
    RefundState,
    RefundTooLarge,
    TillMethod,
    TillPayment,
)
from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_

TILL, TERMINAL = "till", "terminal"
"""The gateways of what is paid at a counter, in cash or by a card terminal."""
BY_STAFF = frozenset({TILL, TERMINAL})
"""Staff take this money and give it back themselves."""
CREDIT = "credit"
"""The gateway of a payment of nothing: gift cards and store credit have paid the order. No gateway knows it."""
MAX_REFERENCE_CHARACTERS = 40
NO_REFERENCE = N_(
    "Type the number on the terminal's slip, of at most {limit} characters.", limit=MAX_REFERENCE_CHARACTERS
)
LIVE = (PaymentState.ASKED, PaymentState.AUTHORISED, PaymentState.CAPTURING, PaymentState.CAPTURED)
"""An order has at most one payment in these states. SQL repeats it: payment_live (0005_commerce.sql)."""
PAID = frozenset({PaymentState.AUTHORISED, PaymentState.CAPTURING, PaymentState.CAPTURED})
"""An order with such a payment is paid for."""
MAX_NOTE_CHARACTERS = 500
LONG_NOTE = N_("Write a note of at most {limit} characters.", limit=MAX_NOTE_CHARACTERS)
MAX_PER_SWEEP = 200
ASKED_AT_ONCE = 5
"""Payments that a gateway is asked about at the same time."""
COMPARE_HOURS, COMPARE_DAYS = 24, 120
"""How often a payment is compared with what its gateway knows, and for how long: banks may dispute for 120 days."""
EVENT_LATE_MINUTES, EVENT_DAYS = 2, 90
"""After how long an event that is not applied is applied by the sweep, and for how long those that are applied are
known."""
MAX_EVENT_AGE_SECONDS = 300
"""Of the signature: what somebody has listened to and sends later is refused."""
MAX_EVENT_ID_CHARACTERS = 255
MAX_DISPUTES_SHOWN = 100
FORGED = N_("This was not signed by the payment gateway, or too long ago.")
UNREADABLE_EVENT = N_("This is not an event of the payment gateway.")
START_AGAIN = N_("Open the order again, and start once more.")


def holder_of(gateway: str) -> Holder:
    return Holder.TILL if gateway in BY_STAFF else Holder.GATEWAY


def till_payment(method: str, reference: str) -> TillPayment:
    """Raises `Invalid` (paid_by, reference)."""
    if method not in set(TillMethod):
        raise Invalid.one("paid_by", N_("Choose how the customer has paid."))
    if method == TillMethod.CASH:
        return TillPayment()
    written = " ".join(reference.split())
    if not 0 < len(written) <= MAX_REFERENCE_CHARACTERS:
        raise Invalid.one("reference", NO_REFERENCE)
    return TillPayment(TillMethod.TERMINAL, written)


def refundable(payment: Payment, refunds: Sequence[PaymentRefund]) -> int:
    """What is left of a payment, in minor units: refunds that are decided count as given back, and so does what its
    bank has taken back. Below zero counts as nothing."""
    return max(0, left_of(payment.id, payment.amount - payment.disputed, refunds)) if payment.state in PAID else 0


def left_of(payment_id: UUID, amount: int, refunds: Sequence[PaymentRefund]) -> int:
    of_it = [refund for refund in refunds if refund.payment_id == payment_id]
    return amount - sum(refund.amount for refund in of_it if refund.state is not RefundState.FAILED)


def check_left(left: int, amount: int) -> None:
    """Raises `RefundTooLarge`."""
    if amount > left:
        raise RefundTooLarge(N_("So much is not left of the payment. Look at what was given back already."))
