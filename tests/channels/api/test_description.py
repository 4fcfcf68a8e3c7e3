"""The description of the API says of every path what goes in, what comes out and who may ask."""

import re

import pytest
from litestar.testing import AsyncTestClient

from tests.channels.test_route_access import DOORS, MERCHANT_API
from unwall import __version__

ABOUT_ITSELF = {"/api/v1/openapi.json", "/api/v1/openapi.json/openapi.json", "/api/v1/openapi.json/{path}"}
TUS = f"{MERCHANT_API}/uploads"
"""Spoken by tus clients in headers and pieces of files; the protocol describes it, and `test_tus_clients` holds it."""
OPEN = ("/api/", "/journal")


@pytest.fixture
async def description(client: AsyncTestClient) -> dict:
    answer = await client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def operations(description: dict) -> dict[tuple[str, str], dict]:
    return {
        (method.upper(), path): operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


def references(node: object) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/nothing"])
async def test_a_path_of_the_api_that_is_not_there_says_so_as_a_problem(client: AsyncTestClient, path: str):
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_it_lists_every_path_of_the_api_and_nothing_else(description: dict):
    api = {(door.method, door.path) for door in DOORS if door.path.startswith(OPEN) and door.path not in ABOUT_ITSELF}
    assert set(operations(description)) == {(method, path) for method, path in api if not path.startswith(TUS)}


async def test_it_is_sound(description: dict):
    assert (description["openapi"][:3], description["info"]["title"], description["info"]["version"]) == (
        "3.1",
        "Unwall",
        __version__,
    )
    known = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert references(description) <= known
    ids = [operation["operationId"] for operation in operations(description).values()]
    assert len(ids) == len(set(ids))
    for (_, path), operation in operations(description).items():
        declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", path)), path
        assert all(p["schema"] and (p["in"] != "path" or p["required"]) for p in operation.get("parameters", []))


async def test_every_operation_says_what_comes_in_and_out(description: dict):
    bodiless = {
        "archive",
        "publish",
        "remove",
        "follow",
        "like",
        "mute",
        "block",
        "read",
        "{subject_id}",
        "visits",
        "preferred",
        "helpful",
    }
    for (method, path), operation in operations(description).items():
        [(status, good)] = [one for one in operation["responses"].items() if one[0].startswith("2")]
        raw = path.endswith(".csv") and method == "GET"
        schemas = [media["schema"] for media in good.get("content", {}).values()]
        assert len(schemas) == (0 if status == "204" else 1), path
        assert raw or not any(schema in ({}, {"type": "string"}) for schema in schemas), path
        assert operation["responses"]["default"]["content"]["application/problem+json"]["schema"], path
        if method in {"POST", "PUT"} and path.rsplit("/", 1)[1] not in bodiless:
            [asked] = operation["requestBody"]["content"].values()
            assert asked["schema"], path
        assert operation["summary"], path


async def test_it_says_who_may_ask_and_what_may_be_repeated(description: dict):
    found = operations(description)
    merchants = [door for door in DOORS if door.path.startswith(f"{MERCHANT_API}/") and not door.path.startswith(TUS)]
    scopes = {(door.method, door.path): door.scope for door in merchants}
    assert {at: found[at]["security"] for at in scopes} == {at: [{"key": [scope]}] for at, scope in scopes.items()}
    assert set(description["components"]["securitySchemes"]) == {"visit", "member", "key"}
    repeated = {
        path
        for (_, path), operation in found.items()
        if "Idempotency-Key" in {p["name"] for p in operation.get("parameters", [])}
    }
    assert repeated == {
        "/api/v1/addresses",
        "/api/v1/carts/lines",
        "/api/v1/orders",
        "/api/v1/orders/{order_id}/payment",
        "/api/v1/conversations/{handle}/messages",
        "/api/v1/products/{product_id}/questions",
        "/api/v1/posts/{post_id}/comments",
        "/api/v1/studio/conversations/{conversation_id}/messages",
        "/api/v1/merchant/conversations/{conversation_id}/messages",
        "/api/v1/merchant/products",
        "/api/v1/merchant/bundles",
        "/api/v1/merchant/posts",
        "/api/v1/merchant/promotions/{promotion_id}/codes",
        "/api/v1/merchant/stock/receipts",
        "/api/v1/merchant/stock/adjustments",
    }
