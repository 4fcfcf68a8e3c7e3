"""What a new store has to do in its first hours, on its Today page until all that is needed is done."""

from types import MappingProxyType
from typing import NamedTuple

import msgspec

from unwall.channels.console.context import ConsoleContext
from unwall.commerce.orders.reads import has_sold
from unwall.kernel.database import Connection
from unwall.kernel.text import N_
from unwall.people.values import Permission
from unwall.usecases.store_setup import NEEDED, SETTLED_ORDERS, SetupStep, steps_done


class _Words(NamedTuple):
    title: str
    hint: str
    icon: str
    permission: Permission
    url: str


STEPS = MappingProxyType(
    {
        SetupStep.PRODUCTS: _Words(
            N_("Add your first product"),
            N_("Or bring in a file with all of them. Shoppers see those that are active."),
            *("tag", Permission.CATALOGUE, "/console/products"),
        ),
        SetupStep.NODE: _Words(
            N_("Add the shop or warehouse that you sell from"),
            N_("Its address and opening hours decide what is promised to whom, and when."),
            *("store", Permission.STOCK, "/console/nodes/new"),
        ),
        SetupStep.STOCK: _Words(
            N_("Say how many you have"),
            N_("Count or receive each item at its place. What is at zero cannot be bought."),
            *("box", Permission.STOCK, "/console/stock"),
        ),
        SetupStep.DELIVERY: _Words(
            N_("Check what delivery costs"),
            N_("Usual prices are filled in where we know some for your currency. Save them, or your own."),
            *("truck", Permission.STOCK, "/console/delivery"),
        ),
        SetupStep.TAXES: _Words(
            N_("Set your taxes"),
            N_("No tax is charged before. A store that owes none saves its country without rates."),
            *("receipt", Permission.PRICES, "/console/taxes"),
        ),
        SetupStep.POST: _Words(
            N_("Publish your first post"),
            N_("Tag products in its picture: they can be bought from there."),
            *("edit", Permission.PUBLISH, "/console/posts/new"),
        ),
        SetupStep.STAFF: _Words(
            N_("Invite who works with you"),
            N_("If somebody does. Counter staff pick, pack, hand over and sell at their own place."),
            *("people", Permission.PEOPLE, "/console/people"),
        ),
    }
)


class SetupStepView(msgspec.Struct, frozen=True):
    """`url` only where the step is open and this person may do it."""

    title: str
    hint: str
    icon: str
    done: bool
    url: str | None


class StoreSetup(msgspec.Struct, frozen=True):
    progress: str
    steps: list[SetupStepView]
    shop_url: str


async def store_setup(conn: Connection, ctx: ConsoleContext) -> StoreSetup | None:
    """None once everything that a store needs is done, and of one that has sold enough to be none that is new."""
    done = await steps_done(conn, ctx.merchant_id)
    if done >= NEEDED or await has_sold(conn, ctx.merchant_id, SETTLED_ORDERS):
        return None
    steps = [_step(ctx, step, done=step in done) for step in SetupStep]
    progress = ctx.words(N_("{done} of {all}"), done=len(done), all=len(steps))
    return StoreSetup(progress, steps, f"/m/{ctx.merchant.slug}")


def _step(ctx: ConsoleContext, step: SetupStep, *, done: bool) -> SetupStepView:
    words = STEPS[step]
    url = None if done or not ctx.may(words.permission) else words.url
    return SetupStepView(ctx.words(words.title), ctx.words(words.hint), words.icon, done, url)
