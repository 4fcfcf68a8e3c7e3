"""Runs localstripe, which stands for Stripe's servers, in a process of its own (`python -m` and this module).

It listens on the loopback only (its own start listens everywhere), keeps nothing on the disk, prints its port once it
listens, and ends with its parent. What it lacks of what we use is added here: it refuses parameters that it does not
know, does not say how much of an intent was received, and its script makes no payment methods, and hides the browser's
own `Element` from all others. It ignores idempotency keys, and has no disputes.
"""

import os
import socket
import sys
import threading

from aiohttp import web
from localstripe import resources

UNKNOWN = ("allowed_payment_method_types", "use_stripe_sdk")
SCRIPT = """
const LOCAL = Stripe;
Stripe = (key) => ({ ...LOCAL(key), createPaymentMethod: async ({ card }) => {
  const { token, error } = await LOCAL(key).createToken(card);
  return error ? { error } : { paymentMethod: { id: token.card.id, card: { last4: token.card.last4 } } };
} });
"""


def leaving_out(call):
    return lambda *args, **data: call(*args, **{name: data[name] for name in data if name not in UNKNOWN})


def received(intent: resources.PaymentIntent) -> int:
    """What is not captured it books as a refund without metadata."""
    charge = intent.latest_charge
    if charge is None or charge.status != "succeeded" or not charge.captured:
        return 0
    return charge.amount - sum(refund.amount for refund in charge.refunds._list if not refund.metadata)


def extend() -> web.Application:
    intent = resources.PaymentIntent
    intent._api_create = leaving_out(intent._api_create)
    intent.amount_received = property(received)
    resources.Store.dump_to_disk = lambda _: None
    for number, (method, path, call) in enumerate(resources.extra_apis):
        resources.extra_apis[number] = (method, path, leaving_out(call))
    from localstripe import server  # noqa: PLC0415 (its routes are made of the above)

    async def script(request: web.Request) -> web.Response:
        answer = server.localstripe_js(request)
        enclosed = f"(() => {{ {answer.text} {SCRIPT} }})();"
        return web.Response(text=enclosed, content_type="application/javascript")

    server.app.router.add_get("/js.stripe.com/with-methods.js", script)
    return server.app


def end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    web.run_app(extend(), sock=listening, print=None, access_log=None)
