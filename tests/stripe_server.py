"""localstripe for tests: started once a process, on the loopback and a free port."""

import hashlib
import hmac
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import msgspec

from unwall.commerce.payments.gateway import CardToken
from unwall.commerce.payments.stripe_values import StripeKeys

SIGNING = "whsec_tests"


class LocalStripe(msgspec.Struct, frozen=True):
    url: str

    @property
    def keys(self) -> StripeKeys:
        script = f"{self.url}/js.stripe.com/with-methods.js"
        return StripeKeys("sk_test_secret", "pk_test_public", SIGNING, self.url, script)

    def ask(self, method: str, path: str, **data: str) -> dict:
        answer = httpx.request(method, f"{self.url}{path}", data=data or None, auth=("sk_test_secret", ""), timeout=60)
        return answer.json()

    def card(self, number: str) -> CardToken:
        """As Stripe's script reads it in the browser."""
        details = {"number": number, "exp_month": "12", "exp_year": "2040", "cvc": "123"}
        made = self.ask("POST", "/v1/tokens", **{f"card[{name}]": text for name, text in details.items()})
        return CardToken(made["card"]["id"], number[-4:])

    def answer_bank(self, secret: str, *, yes: bool) -> None:
        """As the shopper does in the frame of their bank."""
        intent = secret.partition("_secret_")[0]
        path = f"/v1/payment_intents/{intent}/_authenticate?success={str(yes).lower()}"
        self.ask("POST", path, client_secret=secret)

    def intents(self, payment_id: object) -> list[dict]:
        listed = self.ask("GET", "/v1/payment_intents?limit=100")["data"]
        return [one for one in listed if one["metadata"].get("payment_id") == str(payment_id)]


def signed(event: dict, at: float | None = None, secret: str = SIGNING) -> tuple[bytes, dict[str, str]]:
    """The body and headers of a webhook, as Stripe signs it."""
    body, moment = msgspec.json.encode(event), str(int(time.time() if at is None else at))
    mark = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return body, {"stripe-signature": f"t={moment},v1={mark}"}


@contextmanager
def running_stripe() -> Iterator[LocalStripe]:
    command = [sys.executable, "-m", "tests.commerce.payments.local_stripe"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield LocalStripe(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.kill()
