"""The service worker shows a push message, and a click on it opens the page that it names, once."""

import json
from collections.abc import Callable
from functools import partial

import pytest
from playwright.async_api import Page

from tests.journeys.conftest import PHONE
from tests.waiting import until

pytestmark = pytest.mark.browser
MESSAGE = {
    "title": "New message",
    "body": "South Window: It leaves today.",
    "url": "/me/messages/south",
    "tag": "message:1",
}
CLICK = """async () => {
    const opened = [];
    self.clients.openWindow = async (url) => { opened.push(url); };
    const [notification] = await self.registration.getNotifications();
    const event = new NotificationEvent("notificationclick", { notification });
    const done = [];
    event.waitUntil = (promise) => done.push(promise);
    self.dispatchEvent(event);
    await Promise.all(done);
    return opened;
}"""


SHOWN = """async () => {
    const worker = await navigator.serviceWorker.ready;
    const all = await worker.getNotifications();
    return all.map((one) => ({ title: one.title, body: one.body, tag: one.tag, url: one.data.url }));
}"""


async def shows(page: Page, messages: list[dict[str, str]]) -> bool:
    """Asked from here: a page that waits for a function takes its promise for an answer."""
    return await page.evaluate(SHOWN) == messages


async def deliver(page: Page, message: dict[str, str]) -> None:
    """As a push service would, through the browser's own door for tests."""
    session = await page.context.new_cdp_session(page)
    registrations: list[dict] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda told: registrations.extend(told["registrations"]))
    await session.send("ServiceWorker.enable")
    while not registrations:
        await page.evaluate("() => new Promise(requestAnimationFrame)")
    origin = "/".join(page.url.split("/")[:3])
    await session.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": origin, "registrationId": registrations[-1]["registrationId"], "data": json.dumps(message)},
    )


async def test_a_push_message_is_shown_and_its_click_opens_its_page(windows: Callable):
    page = await windows(PHONE, permissions=["notifications"])
    await page.goto("/me/notifications/choices")
    await page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    await deliver(page, MESSAGE)
    await until(partial(shows, page, [MESSAGE]))
    [worker] = page.context.service_workers
    assert await worker.evaluate(CLICK) == [f"{'/'.join(page.url.split('/')[:3])}/me/messages/south"]
    await until(partial(shows, page, []))  # it is closed
