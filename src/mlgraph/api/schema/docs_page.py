"""The /docs page: the OpenAPI document as static HTML (light and dark) without scripts or external resources."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any, Final

_STYLE: Final = """
:root{color-scheme:light dark;--line:#d5d9e0;--soft:#f4f6f9;--dim:#5c6675;--get:#1f6f43;--post:#8a4b08;--link:#2155b4}
@media(prefers-color-scheme:dark){:root{--line:#363c47;--soft:#1d2128;--dim:#9aa4b2;--get:#6fcf97;--post:#f2b36b;--link:#8ab4f8}}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:1.5rem}
h1{margin-bottom:0}h2{border-bottom:1px solid var(--line);text-transform:capitalize;margin-top:2.5rem}
a{color:var(--link)}code,pre{font:14px/1.45 ui-monospace,monospace} pre{background:var(--soft);border:1px solid
var(--line);border-radius:6px;padding:.7rem;overflow:auto;max-height:24rem} section{margin:1.6rem 0}h3{margin:.2rem
0}.GET{color:var(--get)}.POST{color:var(--post)}.dim{color:var(--dim)}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;
border-bottom:1px solid var(--line)}nav ul{columns:2;padding-left:1.1rem}summary{cursor:pointer;margin:.4rem 0}
@media(max-width:40rem){nav ul{columns:1}}
"""
STYLE_HASH: Final = "sha256-" + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
"""Hash of the style sheet, the only resource that the page's Content-Security-Policy allows."""

_METHODS: Final = ("get", "post")


def render(document: dict[str, Any]) -> bytes:
    """Return the page for an OpenAPI document."""
    info = document["info"]
    calls = [(method, path, item[method]) for path, item in document["paths"].items() for method in _METHODS if method in item]
    tags = list(dict.fromkeys(call["tags"][0] for _, _, call in calls))
    parts = [
        f"<h1>{escape(info['title'])} <small class=dim>{escape(info['version'])}</small></h1>",
        f"<p class=dim>{escape(info['summary'])}</p><p>{_prose(info['description'])}</p>",
        "<p>The same as <a href='/openapi.json'>an OpenAPI document</a>.</p><nav><ul>",
        *(f"<li><a href='#{_anchor(m, p)}'><code>{m.upper()} {escape(p)}</code></a>" for m, p, _ in calls),
        "</ul></nav>",
    ]
    for tag in tags:
        parts.append(f"<h2>{escape(tag)}</h2>")
        for method, path, call in calls:
            if call["tags"][0] == tag:
                parts.extend(_call(method, path, call))
    parts.extend(_shapes(document))
    page = "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    return f"{page}<title>mlgraph: HTTP</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>".encode()


def _call(method: str, path: str, call: dict[str, Any]) -> Iterator[str]:
    yield f"<section id='{_anchor(method, path)}'><h3><code><span class={method.upper()}>{method.upper()}</span> "
    yield f"{escape(path)}</code></h3><p><b>{escape(call['summary'])}.</b> {_prose(call.get('description', ''))}</p>"
    if parameters := call.get("parameters"):
        yield "<table><tr><th>parameter<th>type<th>meaning</tr>"
        for each in parameters:
            need = "" if each.get("required") else " <span class=dim>optional</span>"
            schema = each["schema"]
            default = f" Default: <code>{escape(str(schema['default']))}</code>." if schema.get("default") is not None else ""
            yield f"<tr><td><code>{escape(each['name'])}</code>{need}<td>{_type(schema)}"
            yield f"<td>{escape(each.get('description', ''))}{default}</tr>"
        yield "</table>"
    if body := call.get("requestBody"):
        kinds = ", ".join(f"<code>{escape(kind)}</code>" for kind in body["content"])
        yield f"<p>Body: {escape(body['description'])} {kinds}</p>"
        yield from (_example(media) for media in body["content"].values() if media.get("example"))
    for status, response in call["responses"].items():
        shapes = [_type(media["schema"]) for media in response.get("content", {}).values() if media.get("schema")]
        shape = f" {' '.join(shapes)}" if shapes else ""
        yield f"<div><b>{escape(status)}</b> {escape(response['description'])}{shape}</div>"
    yield "</section>"


def _shapes(document: dict[str, Any]) -> Iterator[str]:
    """Yield the sections of all schemas, with their members and an example."""
    yield "<h2>shapes</h2>"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f"<section id='shape-{escape(name)}'><h3>{escape(name)}</h3>"
        yield f"<p>{_prose(schema.get('description', ''))}</p>"
        members = schema.get("properties", {}).items()
        rows = (f"<tr><td><code>{escape(key)}</code><td>{_type(member)}</tr>" for key, member in members)
        yield f"<table>{''.join(rows)}</table>"
        for example in schema.get("examples", ()):
            yield f"<details><summary>example</summary>{_example({'example': example})}</details>"
        yield "</section>"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f"<a href='#shape-{name}'>{name}</a>"
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    bounds = [f"{sign} {schema[key]}" for key, sign in (("minimum", "&ge;"), ("maximum", "&le;")) if key in schema]
    return escape(str(schema.get("format") or schema.get("type", "any"))) + ("".join(f" {bound}" for bound in bounds))


def _example(media: dict[str, Any]) -> str:
    example = media["example"]
    text = example if isinstance(example, str) else json.dumps(example, indent=2)
    return f"<pre>{escape(text)}</pre>"


def _prose(text: str) -> str:
    """Return a description as HTML: escaped, text in back quotes as code, blank lines as breaks."""
    quoted = escape(text).split("`")
    marked = "".join(f"<code>{part}</code>" if position % 2 else part for position, part in enumerate(quoted))
    return marked.replace("\n\n", "<br>")


def _anchor(method: str, path: str) -> str:
    return method + "".join(c if c.isalnum() else "-" for c in path)
