"""The API's description (OpenAPI 3.1) with what the handlers' types cannot say: who may ask, what may be repeated, what
an error looks like, and the bodies that are read raw."""

from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin

from unwall.channels.api.limits import Json, limited_parameter, with_limits
from unwall.channels.http.errors import Problem
from unwall.journal.rules import Beacon
from unwall.kernel.idempotency import HEADER
from unwall.kernel.text import LANGUAGES

SECURITY: Json = {
    "visit": {"type": "apiKey", "in": "header", "name": "Unwall-Visit", "description": "From POST /api/v1/visits."},
    "member": {"type": "http", "scheme": "bearer", "description": "From POST /api/v1/sessions."},
    "key": {"type": "http", "scheme": "bearer", "description": "A merchant's API key, from the console."},
}
REPEATABLE: Json = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 8, "maxLength": 200},
    "description": "New for each thing that is created; the same key gives the same answer and does it once.",
}
PROBLEM: Json = {
    "description": "What is wrong (RFC 9457): `code` is for programs, `errors` names each field.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
PLACE = [
    {"name": name, "in": "query", "schema": {"type": "number"}, "description": "Where it is wanted, in degrees."}
    for name in ("latitude", "longitude")
]
ADDRESS = [
    {
        "name": name,
        "in": "query",
        "schema": {"type": "string"},
        "description": "Of the address that it would be brought to; without one the position counts.",
    }
    for name in ("country", "postcode", "region", "city", "district")
]
LANG: Json = {
    "name": "lang",
    "in": "query",
    "schema": {"type": "string", "enum": list(LANGUAGES)},
    "description": "Of the words in the answer; without it Accept-Language decides.",
}
CSV: Json = {"required": True, "content": {"text/csv": {"schema": {"description": "A file of any bytes."}}}}
"""Without a type: the report says what is wrong in the file."""
PICTURE: Json = {"required": True, "content": {"image/*": {"schema": {"description": "JPEG, PNG, WebP, GIF or AVIF."}}}}


def answers(kind: type[msgspec.Struct], status: int = 201) -> dict[int, ResponseSpec]:
    """The responses of a handler that takes an Idempotency-Key."""
    return {status: ResponseSpec(data_container=kind, description="Done, now or before under this Idempotency-Key")}


class Described(JsonRenderPlugin):
    """Made once: it takes a tenth of a second."""

    _encoded = b""

    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:
        self._encoded = self._encoded or msgspec.json.encode(complete(openapi_schema, request.app))
        return self._encoded


def complete(description: Json, app: Litestar) -> Json:
    """A copy: Litestar keeps the schema that it made."""
    paths = {path: dict(operations) for path, operations in description["paths"].items()}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            operations = paths.get(route.path_format, {})
            for method in {name.lower() for name in handler.http_methods} & operations.keys():
                operations[method] = _completed(method, route.path_format, operations[method], handler)
    (_, beacon), named = msgspec.json.schema_components((Problem, Beacon), ref_template="#/components/schemas/{name}")
    paths["/journal"]["post"]["requestBody"] = {"required": True, "content": {"application/json": {"schema": beacon}}}
    paths["/api/v1/merchant/products.csv"]["post"]["requestBody"] = CSV
    paths["/api/v1/pictures"]["post"]["requestBody"] = PICTURE
    components = description["components"]
    schemas = with_limits({**components["schemas"], **named})
    return {
        **description,
        "paths": paths,
        "components": {**components, "schemas": schemas, "securitySchemes": SECURITY},
    }


def _completed(method: str, path: str, operation: Json, handler: HTTPRouteHandler) -> Json:
    opt = handler.opt
    responses = {status: answer for status, answer in operation["responses"].items() if status != "400"}
    more: Json = {"responses": {**responses, "default": PROBLEM}}
    parameters = [
        limited_parameter(path, one) for one in (*operation.get("parameters", []), *_parameters(method, path, handler))
    ]
    if parameters:
        more["parameters"] = parameters
    if opt.get("scope"):
        more["security"] = [{"key": [opt["scope"]]}]
    elif path.startswith("/api/") and path != "/api/v1/visits":
        unknown: list[Json] = [{}] if method == "get" else []
        more["security"] = [*unknown, {"visit": []}, {"visit": [], "member": []}]
    return {**operation, **more}


def _parameters(method: str, path: str, handler: HTTPRouteHandler) -> list[Json]:
    parameters = [REPEATABLE] if handler.opt.get("repeatable") else []
    if path.endswith("/delivery-options"):
        parameters += [*PLACE, *ADDRESS]
    in_words = {"caller", "request"} & handler.parsed_fn_signature.parameters.keys()
    if method == "get" and in_words and path.startswith("/api/") and not path.endswith(".csv"):
        parameters.append(LANG)
    return parameters
