"""Pages: the API's reference for people, made from the OpenAPI document, and a first page.

Plain HTML from here alone: no script, nothing from elsewhere, so they are there offline too.
"""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

from orcaops.interfaces.rest.problems import MEANING, STATUS

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .7rem; border: 1px solid #8886; border-radius: .3rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #8886; }
h3 { margin: 2rem 0 0; }
h3 code { font-size: 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid #8883; }
summary { cursor: pointer; }
"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def first_page(version: str, mounts: Mapping[str, Any]) -> HTMLResponse:
    """What is here."""
    places = {
        "/docs": "the reference of the REST interface",
        "/openapi.json": "the same for programs (OpenAPI 3.1)",
        "/orcaops/jobs": "the latest jobs, as JSON",
        "/healthz": "whether the server lives",
        "/readyz": "whether it can accept jobs",
        "/metrics": "figures for Prometheus",
    } | {path: "for AI agents (Model Context Protocol)" for path in mounts if path == "/mcp"}
    rows = "".join(
        f'<tr><td><a href="{escape(path)}"><code>{escape(path)}</code></a></td><td>{escape(what)}</td></tr>'
        for path, what in places.items()
    )
    return _page("OrcaOps", f"<h1>OrcaOps</h1><p>Version {escape(version)}</p><table>{rows}</table>")


def reference(document: Mapping[str, Any]) -> HTMLResponse:
    """The OpenAPI document as a page to read."""
    return _page(f"{document['info']['title']} reference", "".join(_reference(document)))


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>",
        headers=_HEADERS,
    )


def _reference(document: Mapping[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield f"<h1>{escape(info['title'])}</h1><p>{escape(info['description'])}</p>"
    yield f'<p>Version {escape(info["version"])}, for programs <a href="/openapi.json">/openapi.json</a>.</p>'
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'].capitalize())}</h2><p>{escape(tag['description'])}</p>"
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    yield from _operation(method, path, operation)
    yield "<h2>Problems</h2><p>Every failure is a problem document (RFC 9457) with a code and a hint.</p>"
    yield "<table>"
    for code, meaning in MEANING.items():
        yield (
            f'<tr id="problem-{code}"><td>{STATUS[code]}</td><td><code>{code}</code></td>'
            f"<td>{escape(meaning)}</td></tr>"
        )
    yield "</table><h2>Schemas</h2>"
    for name, schema in sorted(document["components"]["schemas"].items()):
        text = json.dumps(schema, indent=2, ensure_ascii=False)
        line = schema.get("description", "").partition("\n")[0]
        yield (
            f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code> '
            f"{escape(line)}</summary><pre>{escape(text)}</pre></details>"
        )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    name = operation["operationId"]
    yield f'<h3 id="{escape(name)}"><code>{method.upper()} {escape(path)}</code></h3>'
    for paragraph in operation.get("description", operation["summary"]).split("\n\n"):
        yield f"<p>{escape(paragraph)}</p>"
    if operation.get("parameters"):
        yield "<table>"
        for parameter in operation["parameters"]:
            yield (
                f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{parameter['in']}</td>"
                f"<td>{escape(parameter.get('description', ''))}</td></tr>"
            )
        yield "</table>"
    body = operation.get("requestBody", {}).get("content", {})
    if body:
        yield f"<p>Body: {', '.join(_content(kind, what) for kind, what in body.items())}</p>"
    for status, answer in operation["responses"].items():
        content = answer.get("content", {})
        if status.startswith("2"):
            kinds = ", ".join(_content(kind, what) for kind, what in content.items()) or "no body"
            yield f"<p>{status}: {kinds}</p>"
    problems = [
        f'<a href="#problem-{answer["$ref"].rpartition("/")[2]}">{status}</a>'
        for status, answer in operation["responses"].items()
        if "$ref" in answer
    ]
    if problems:
        yield f"<p>Problems: {', '.join(problems)}</p>"


def _content(kind: str, what: Mapping[str, Any]) -> str:
    reference = what.get("schema", {}).get("$ref", "")
    name = escape(reference.rpartition("/")[2])
    return f"<code>{escape(kind)}</code>{f' <a href=#schema-{name}>{name}</a>' if name else ''}"
