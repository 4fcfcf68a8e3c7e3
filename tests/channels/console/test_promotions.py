"""The pages of promotions and of delivery zones."""

import threading

from tests.channels.console.console_site import ConsoleSite, form
from unwall.commerce.sourcing import zone_file
from unwall.kernel.ids import new_id

MARKER = 'name="combines"'


async def test_a_voucher_is_written_turned_off_and_its_codes_are_made(site: ConsoleSite) -> None:
    page = await site.get("/console/promotions/new")
    url = f"/console/promotions/{new_id()}"
    fields = form(page.text, MARKER) | {"title": "Spring 10 %", "kind": "per_cent", "value": "10", "by_code": "1"}
    fields |= {"starts_at": "2026-03-01T00:00", "ends_at": "2026-02-01T00:00", "products": "no-such"}
    wrong = await site.post(url, fields)
    assert wrong.status_code == 422
    assert "One of these products is not yours." in wrong.text
    wrong = await site.post(url, fields | {"products": "scarf"})
    assert "It must end after it starts." in wrong.text
    fields |= {"products": "scarf", "ends_at": "2026-03-08T00:00", "max_uses": "100"}
    assert (await site.post(url, fields)).status_code == 303
    async with site.db.read() as conn:
        rule = await conn.fetchval("SELECT rule FROM promotion")
    assert (rule["value"], rule["by_code"], rule["conditions"]["products"]) == (
        100_000,
        True,
        [str(site.market.scarf)],
    )
    # midnight by the store's clock
    assert (rule["conditions"]["starts_at"], rule["conditions"]["max_uses"]) == ("2026-03-01T00:00:00+08:00", 100)
    again = form((await site.get(url)).text, MARKER)
    shown = (again["products"], again["starts_at"], again["value"], again["buy"], again["get"])
    assert shown == ("scarf", "2026-03-01T00:00", "10", "", "")
    assert (await site.post(f"{url}/codes", {"count": "250", "code_uses": "1"})).status_code == 303
    taken = await site.post(f"{url}/codes", {"code": "no good!"})
    assert taken.status_code == 422
    assert "A code has 3 to 40 letters" in taken.text
    file = await site.get(f"{url}/codes.csv")
    assert (len(file.text.splitlines()), file.text.splitlines()[0]) == (251, "code,max_uses,uses")
    assert (await site.post(url, {k: v for k, v in again.items() if k != "active"})).status_code == 303
    assert "Spring 10 %" in (await site.get("/console/promotions")).text
    async with site.db.read() as conn:
        assert await conn.fetchval("SELECT active FROM promotion") is False
    assert (await site.get(f"/console/promotions/{new_id()}")).status_code == 404


async def test_a_zone_is_written_and_goes_out_and_in_as_a_file(site: ConsoleSite) -> None:
    assert "These are suggestions" in (await site.get("/console/delivery")).text
    marker = 'name="countries"'
    url = f"/console/delivery/zones/{new_id()}"
    fields = form((await site.get("/console/delivery/zones/new")).text, marker) | {"title": "Lake"}
    wrong = await site.post(url, fields | {"countries": "XX", "prices.0.fee": "6", "prices.0.weight_to_kg": "heavy"})
    assert wrong.status_code == 422
    assert "Write kilograms, such as 2.5." in wrong.text
    fields |= {"countries": "CN", "postcodes": "310, 311", "prices.0.fee": "6", "prices.0.weight_to_kg": "2.5"}
    assert (await site.post(url, fields)).status_code == 303
    page = (await site.get("/console/delivery")).text
    assert url in page
    file = await site.get("/console/delivery.csv")
    assert file.text.splitlines()[1] == "Lake,CN,,310 311,,ship,6.00,0.00,,0.00,2.5,"
    again = form((await site.get(url)).text, marker)
    assert (again["prices.0.fee"], again["prices.0.weight_to_kg"], again["postcodes"]) == ("6.00", "2.5", "310, 311")
    assert (await site.post(url, again | {"do": "remove"})).status_code == 303
    async with site.db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM delivery_zone") == 0


async def test_a_file_of_zones_is_parsed_beside_the_event_loop(site: ConsoleSite, monkeypatch) -> None:
    """As much as a file may hold in one zone, and a wrong one, which changes nothing."""
    threads, read = [], zone_file.read

    def watched(text: str, currency: str):
        threads.append(threading.current_thread())
        return read(text, currency)

    monkeypatch.setattr(zone_file, "read", watched)
    upload = "/console/delivery/zones/file"
    page = form((await site.get(upload)).text, 'type="file"')
    heading, line = "zone,countries,method,fee,km_to\n", "Lake,CN,courier,6,{}\n"
    text = heading + "".join(line.format(km) for km in range(1, 61))
    answer = await site.post(upload, page, files=[("file", ("zones.csv", text.encode(), "text/csv"))])
    assert answer.status_code == 303
    kept = "SELECT jsonb_array_length(prices) FROM delivery_zone WHERE title = 'Lake'"
    assert await site.value(kept) == 60
    for wrong, words in (
        (heading.encode() + b"Lake,CN,drone,6,1\n", "Choose post or courier."),
        ("é".encode("latin-1"), "Save the file as UTF-8."),
    ):
        answer = await site.post(upload, page, files=[("file", ("zones.csv", wrong, "text/csv"))])
        assert (answer.status_code, words in answer.text) == (422, True)
    assert await site.value(kept) == 60
    assert len(threads) == 2
    assert threading.current_thread() not in threads
