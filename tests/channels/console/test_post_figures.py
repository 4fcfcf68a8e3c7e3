"""The page of what posts did: its figures, days, accounts, order and export."""

from datetime import timedelta

from tests.channels.console.console_site import ConsoleSite
from tests.html import every, row_of, texts, the
from unwall.insight.profiles.jobs import Computer, ProfileFolders
from unwall.insight.profiles.values import Machine
from unwall.insight.recommend.jobs import Trainer
from unwall.insight.reports.jobs import count_posts
from unwall.insight.segments.jobs import Materialiser
from unwall.journal.ingest import Ingest
from unwall.journal.values import Event, EventKind
from unwall.kernel.clock import now
from unwall.kernel.ids import new_id
from unwall.services import Services
from unwall.worker import routines

PATH = "/console/insight/posts"


async def opened(site: ConsoleSite, *posts: object, kind: EventKind = EventKind.VIEW, days: int = 0) -> None:
    ingest, at = Ingest(site.db), now() - timedelta(days=days)
    await ingest.add([Event(new_id(), at, kind, visitor_id=new_id(), post_id=post) for post in posts])
    await ingest.close()
    await count_posts(site.db)


async def test_each_post_has_its_figures(site: ConsoleSite) -> None:
    morning, evening = site.store.morning, site.store.evening
    await opened(site, morning, morning, evening, site.rival.post)
    await opened(site, evening, kind=EventKind.IMPRESSION)
    page = (await site.get(f"{PATH}?sort=opens")).text
    assert texts(page, "tbody th[scope=row] a") == ["Morning", "Evening"]
    listed = the(page, ".panel .table-wrap").html or ""
    assert row_of(listed, "Morning")[2:5] == ["2", "0", "2"]
    assert row_of(listed, "Evening")[2:5] == ["2", "1", "1"]
    assert the(page, "th[aria-sort=descending]").text(strip=True) == "Opened"
    assert len(every(page, "dl.facts dt")) == 14
    assert "Secret" not in page


async def test_figures_are_counted_every_minute_and_say_where_they_are_older_than_five(
    site: ConsoleSite, services: Services
) -> None:
    db, folder = services.db, services.settings.data
    trainer, machine = Trainer(db, services.files, folder), Machine("duckdb", 1, 500)
    computer = Computer(db, ProfileFolders(folder, folder), machine, Materialiser(db, folder).refresh)
    scheduled = routines(services, db, trainer, computer)
    assert "* * * * *" in [cron for name, cron in scheduled if name == "reports.posts"]
    await opened(site, site.store.morning)
    age = now() - await site.value("SELECT at FROM report_progress WHERE report = 'posts'")
    shown = (await site.get(PATH)).text
    assert row_of(the(shown, ".panel .table-wrap").html or "", "Morning")[2] == "1"
    assert age < timedelta(minutes=5)
    assert "These figures are not of now" not in shown
    async with site.db.transaction() as conn:
        await conn.execute("UPDATE report_progress SET at = at - interval '6 minutes'")
    assert "These figures are not of now" in (await site.get(PATH)).text
    await count_posts(site.db)
    assert "These figures are not of now" not in (await site.get(PATH)).text


async def test_days_and_accounts_are_chosen_and_nonsense_is_the_last_month(site: ConsoleSite) -> None:
    await opened(site, site.store.morning, days=3)
    today = now().date()
    first = today - timedelta(days=1)
    assert "No post did anything" in (await site.get(f"{PATH}?first={first}&last={today}")).text
    assert "No post did anything" in (await site.get(f"{PATH}?account={new_id()}")).text
    for query in (f"account={site.store.account}", "first=x&last=y&sort=z", "first=2026-01-01&last=0001-01-01"):
        assert texts((await site.get(f"{PATH}?{query}")).text, "tbody th[scope=row] a") == ["Morning"], query


async def test_the_export_has_every_post(site: ConsoleSite) -> None:
    await opened(site, site.store.morning, site.store.evening)
    lines = (await site.get(f"{PATH}.csv")).text.splitlines()
    assert lines[0].lstrip("\ufeff").split(",")[:5] == ["id", "title", "account", "published", "reach"]
    assert [line.split(",")[1] for line in lines[1:]] == ["Evening", "Morning"]
