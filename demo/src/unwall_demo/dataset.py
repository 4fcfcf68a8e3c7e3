"""Writing the demo market as a data set: drawn and simulated from a seed."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import numpy as np

from unwall.intake.dataset.records.content import FollowRecord
from unwall.intake.dataset.values import LogIn
from unwall.intake.dataset.writer import DatasetWriter
from unwall.intake.progress import Progress
from unwall.kernel.files import key_for
from unwall_demo import facts, opinions, records
from unwall_demo.artwork import picture
from unwall_demo.behaviour import follow_times, live
from unwall_demo.crowd import Crowd, gather, names
from unwall_demo.deliveries import CounterSales, deliver, returns, sell_at_counters
from unwall_demo.filming import filming
from unwall_demo.happenings import Happenings
from unwall_demo.places import merchants
from unwall_demo.records import SHOPPERS, Papers
from unwall_demo.registry import Registry, known, merchant_id, times
from unwall_demo.scenery import ROLES, Scenery, pictures
from unwall_demo.stage import Ints, Stage, set_stage
from unwall_demo.talks import answering_hours, quick_replies, talks
from unwall_demo.values import Art
from unwall_demo.warehouse import Keeping, Movements, keep_stock
from unwall_demo.words import market

PASSWORD = "unwall-demo"  # noqa: S105 (it is printed: the demo's people are nobody)
MEMBERS = 5000
UNKNOWN_FOLLOWERS = (15.0, 1.0, 2.0)
"""Visitors who follow each merchant, for each member of the market."""


class Story(NamedTuple):
    """Everything that happened, before it is written."""

    papers: Papers
    sales: CounterSales
    keeping: Keeping
    movements: Movements
    events: dict[str, Ints]
    follow_at: Ints


class DemoMarket:
    """The data set of the demo market (`unwall.intake.dataset.generators.DatasetGenerator`)."""

    def __init__(self, members: int = MEMBERS) -> None:
        self.members = members

    def merchants(self) -> Mapping[UUID, str]:
        return {merchant_id(merchant): merchant.slug for merchant in merchants(1)}

    def log_ins(self) -> tuple[LogIn, ...]:
        return tuple(_log_ins())

    def write(self, folder: Path, seed: int, at: datetime, progress: Progress) -> None:
        progress.step("Imagining four months of a market")
        with filming() as films, DatasetWriter(folder, log_ins=self.log_ins()) as writer:
            stage, story = imagine(seed, at, self.members)
            progress.step("Drawing pictures")
            keys = _draw(writer, stage, progress)
            shot = films.put(writer)
            progress.step("Writing the data set")
            _write_stores(writer, Scenery(stage, story.papers.registry, keys, shot))
            _write_people(writer, story, seed)
            _write_trade(writer, story)
            _write_talks(writer, story.papers)
            writer.write("journal", facts.journal(story.papers, story.events, np.random.default_rng(seed)))
            writer.write("post_likes", facts.likes(story.papers, story.events))
            opinions.write(writer, story.papers, story.events, np.random.default_rng([seed, 2]))


demo = DemoMarket()


def imagine(seed: int, now: datetime, members: int) -> tuple[Stage, Story]:
    """The whole simulation; pure."""
    rng = np.random.default_rng(seed)
    stage = set_stage(market(seed), now, rng)
    crowd = gather(stage, members, rng)
    happenings, orders = live(stage, crowd, rng)
    deliveries = deliver(stage, crowd, orders, rng)
    sales = sell_at_counters(stage, crowd, rng)
    returned = returns(stage, orders, deliveries, rng)
    keeping, movements = keep_stock(stage, orders, deliveries, returned, sales, rng)
    registry = Registry(stage, crowd, orders, sales, rng)
    papers = Papers(stage, crowd, registry, names(crowd.size, rng), orders, deliveries, returned)
    return stage, Story(papers, sales, keeping, movements, _events(papers, sales, happenings), _follow_at(stage, crowd))


def _events(papers: Papers, sales: CounterSales, happenings: Happenings) -> dict[str, Ints]:
    facts.tell_orders(papers, happenings)
    facts.tell_counters(papers, sales, happenings)
    opinions.tell(papers, happenings.columns(papers.stage.now), happenings)
    return happenings.columns(papers.stage.now)


def _follow_at(stage: Stage, crowd: Crowd) -> Ints:
    return follow_times(stage, crowd, np.nonzero(crowd.follows)[0])


def _draw(writer: DatasetWriter, stage: Stage, progress: Progress) -> dict[Art, str]:
    keys: dict[Art, str] = {}
    wanted = pictures(stage)
    for n, art in enumerate(wanted):
        data = picture(art).encode()
        keys[art] = key_for(data, ".svg")
        writer.put_media(keys[art], data)
        progress.share(n / len(wanted))
    return keys


def _write_stores(writer: DatasetWriter, scenery: Scenery) -> None:
    writer.write("merchants", scenery.merchants())
    writer.write("nodes", scenery.nodes())
    writer.write("staff", scenery.staff(PASSWORD))
    writer.write("categories", scenery.categories())
    writer.write("products", scenery.products())
    writer.write("product_images", scenery.product_images())
    writer.write("variants", scenery.variants())
    writer.write("bundles", scenery.bundles())
    writer.write("bundle_parts", scenery.bundle_parts())
    writer.write("accounts", scenery.accounts())
    writer.write("posts", scenery.posts())
    writer.write("videos", scenery.videos())
    writer.write("post_media", scenery.media())
    writer.write("post_tags", scenery.tags())
    writer.write("outbox", scenery.outbox())
    writer.write("pins", scenery.pins())
    writer.write("store_pages", scenery.store_pages())
    writer.write("store_page_versions", scenery.store_page_versions())


def _write_people(writer: DatasetWriter, story: Story, seed: int) -> None:
    papers, registry = story.papers, story.papers.registry
    writer.write("members", records.members(papers.stage, papers.crowd, registry, papers.names, PASSWORD))
    writer.write("visitors", records.visitors(papers.crowd, registry))
    writer.write("follows", records.follows(papers.crowd, registry, story.follow_at))
    writer.write("follows", _unknown_followers(papers, np.random.default_rng([seed, 1])))


def _unknown_followers(papers: Papers, rng: np.random.Generator) -> Iterator[FollowRecord]:
    """Visitors of whom nothing more is known."""
    registry = papers.registry
    for n, share in enumerate(UNKNOWN_FOLLOWERS):
        account, merchant = known(registry.accounts[n]), known(registry.merchants[n])
        count = int(share * papers.crowd.members)
        raw = rng.bytes(16 * count)
        since = times(papers.stage.now - np.arange(1, count + 1) * 311_000)
        for k, at in enumerate(since):
            follower = UUID(bytes=raw[16 * k : 16 * k + 16], version=4)
            yield FollowRecord(account_id=account, follower_id=follower, merchant_id=merchant, created_at=at)


def _write_trade(writer: DatasetWriter, story: Story) -> None:
    papers, sales = story.papers, story.sales
    counter = list(facts.counter_orders(papers, sales))
    writer.write("orders", chain(papers.sales_orders(), counter))
    writer.write("order_lines", chain(papers.lines(), facts.counter_lines(papers, sales)))
    writer.write("payments", chain(papers.payments(), facts.counter_payments(counter)))
    taken = facts.money_taken(chain(papers.payments(), facts.counter_payments(counter)))
    writer.write("payment_ledger", taken)
    writer.write("shipments", papers.shipments())
    writer.write("shipment_lines", papers.shipment_lines())
    writer.write("shipment_events", papers.shipment_events())
    writer.write("stock_holds", papers.holds())
    writer.write("stock_levels", facts.levels(papers, story.keeping))
    writer.write("stock_ledger", facts.ledger(papers, story.movements))


def _write_talks(writer: DatasetWriter, papers: Papers) -> None:
    written = talks(papers)
    writer.write("conversations", written.conversations)
    writer.write("messages", written.messages)
    writer.write("quick_replies", quick_replies(papers))
    writer.write("answering_hours", answering_hours(papers))


def _log_ins() -> Iterator[LogIn]:
    for merchant in merchants(1):
        for role in ROLES:
            yield LogIn(merchant.name, role, f"{role}@{merchant.slug}.example", PASSWORD)
        shop = {"south-window": "hz1", "cloud-step": "hz2", "milu": "sz3"}[merchant.slug]
        yield LogIn(merchant.name, f"node ({shop.upper()})", f"{shop}@{merchant.slug}.example", PASSWORD)
    for email, who in zip(SHOPPERS.values(), ("loyal shopper", "shopper", "new shopper"), strict=True):
        yield LogIn("all", who, email, PASSWORD)
