"""The application in; its OpenAPI document with the errors as they are, and a page of it without any script, out."""

from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from dashboard.api.problems import MEDIA_TYPE, Problem

_ERRORS = {
    "400": "The request cannot be read",
    "401": "No key, or one that is not known",
    "403": "The role does not allow it",
    "404": "There is no such thing",
    "405": "The path does not know this method",
    "409": "It is not in the state for it",
    "410": "It was there and is gone",
    "413": "The request is too large",
    "415": "This kind of content is not taken",
    "422": "Some values cannot be taken",
    "429": "Too many requests",
    "501": "This server cannot do it",
    "503": "A part behind this server does not answer now",
}
_OPEN = ("/healthz", "/readyz")
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2730}"
    "h2{margin-top:2.5rem;border-bottom:1px solid #ccd5dc}code{font:14px ui-monospace,monospace}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{text-align:left;vertical-align:top;"
    "padding:.2rem .8rem .2rem 0;border-bottom:1px solid #e4e9ed}.m{display:inline-block;min-width:4rem;"
    "font-weight:600}@media(prefers-color-scheme:dark){body{background:#12181d;color:#dde4ea}td,th,h2{border-color:#2b353d}}"
)


def document_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document; made once."""
    if app.openapi_schema:
        return app.openapi_schema
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    parts = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update({**parts.pop("$defs", {}), "Problem": parts})
    for path, operations in made["paths"].items():
        for operation in operations.values():
            _state_errors(operation, is_open=path in _OPEN)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    app.openapi_schema = made
    return made


def _state_errors(operation: dict[str, Any], *, is_open: bool) -> None:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    named = ("503", "500") if is_open else tuple(_ERRORS)
    for status in named:
        operation["responses"][status] = {"description": _ERRORS.get(status, "Internal error"), "content": content}


def page_of(document: dict[str, Any]) -> str:
    """The document as one page for people."""
    by_tag: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            by_tag.setdefault(tag, []).append(_operation(method, path, operation))
    parts = [f"<h2>{escape(tag.capitalize())}</h2>{''.join(told)}" for tag, told in by_tag.items()]
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    about = escape(document["info"].get("description", ""))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><h1>{title}</h1>'
        f"<p>{about}</p><p>The same for programs: <a href='/openapi.json'>openapi.json</a>. Errors are "
        f"<code>{MEDIA_TYPE}</code>.</p>{''.join(parts)}</body></html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = [
        (one["name"], one["in"], _kind(one.get("schema", {})), one.get("description", ""))
        for one in operation.get("parameters", [])
    ]
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        rows.append(("body", kind, _kind(body.get("schema", {})), ""))
    for status, response in operation["responses"].items():
        if status < "400":
            kinds = ", ".join(f"{kind} {_kind(c.get('schema', {}))}" for kind, c in response.get("content", {}).items())
            rows.append((status, "answer", kinds, response.get("description", "")))
    cells = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    said = escape(operation.get("description", ""))
    return (
        f"<h3><code><span class='m'>{method.upper()}</span> {escape(path)}</code></h3><p>{said}</p>"
        f"<table>{cells}</table>"
    )


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return schema.get("format") or schema.get("type", "")
