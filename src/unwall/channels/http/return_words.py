"""The words of returns that shoppers and staff read alike."""

from unwall.commerce.returns.values import ReturnReason, ReturnState
from unwall.kernel.text import N_

RETURN_STATES = {
    ReturnState.ASKED: N_("Return asked for"),
    ReturnState.ACCEPTED: N_("Return accepted"),
    ReturnState.REFUSED: N_("Return refused"),
    ReturnState.WITHDRAWN: N_("Return withdrawn"),
    ReturnState.RECEIVED: N_("Return received"),
    ReturnState.INSPECTED: N_("Return checked"),
    ReturnState.REFUNDED: N_("Return refunded"),
}
RETURN_TONES = {
    ReturnState.ASKED: "soon",
    ReturnState.REFUSED: "bad",
    ReturnState.REFUNDED: "good",
}
RETURN_REASONS = {
    ReturnReason.SIZE: N_("It does not fit"),
    ReturnReason.MIND: N_("Not wanted any more"),
    ReturnReason.DIFFERENT: N_("It is not as described"),
    ReturnReason.DAMAGED: N_("It is damaged or does not work"),
    ReturnReason.WRONG: N_("Something else was sent"),
    ReturnReason.MISSING: N_("It was not in the parcel"),
    ReturnReason.OTHER: N_("Another reason"),
}
CHOOSE_REASON = N_("Choose a reason.")
