"""Push subscriptions as the pages' script sends them."""

from unwall.channels.http.routes import FormData
from unwall.messages.values import PushSubscription


def push_subscription(data: FormData) -> PushSubscription:
    return PushSubscription(data.get("endpoint", ""), data.get("p256dh", ""), data.get("auth", ""))
