"""Pieces of a self-contained HTML page: escaping, tables, vector figures."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

STYLE = """
:root { --ink: #1b1f24; --soft: #57606a; --line: #d8dee4; --panel: #f6f8fa; --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 1rem; color: var(--ink); background: #fff;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: .5rem 0 .2rem; } h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem;
  border-bottom: 2px solid var(--accent); padding-bottom: .2rem; } h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
p { max-width: 60rem; } .soft { color: var(--soft); } .lead { font-size: 1.08rem; }
nav { display: flex; flex-wrap: wrap; gap: .3rem .9rem; margin: .8rem 0 0; } nav a { color: var(--accent); }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
figure { margin: 0; break-inside: avoid; } figure svg { width: 100%; height: auto; display: block; }
figcaption { color: var(--soft); font-size: .88rem; }
.scroll { overflow-x: auto; margin: .4rem 0 1rem; } table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; } th { background: var(--panel); }
  th:first-child, td:first-child { text-align: left; }
.warning { border-left: 4px solid #d55e00; background: #fff4ec; padding: .5rem .8rem; max-width: 60rem; }
details { margin: .4rem 0; } summary { cursor: pointer; color: var(--accent); }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; } nav { display: none; }
  h2 { break-after: avoid; }
  .grid { grid-template-columns: 1fr 1fr; } details > * { display: block; } .scroll { overflow: visible; }
  th, td { padding: .12rem .4rem; font-size: 8.5pt; } }
"""


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> str:
    """An HTML table; every cell is escaped."""
    head = "".join(f"<th>{escape(str(column))}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>\n" for row in rows)
    note = f'<p class="soft">{escape(caption)}</p>' if caption else ""
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>{note}\n'


def figure(drawing: Any, identity: str, caption: str = "") -> str:
    """A matplotlib figure (or axes) as inline SVG. ``identity`` keeps the ids of several drawings on a page apart."""
    import matplotlib

    canvas = drawing.figure if hasattr(drawing, "figure") and not hasattr(drawing, "savefig") else drawing
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": identity}):
        canvas.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    prefix = re.sub(r"[^A-Za-z0-9]+", "-", identity)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = text.replace("url(#", f"url(#{prefix}-").replace('href="#', f'href="#{prefix}-')
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    label = escape(caption or identity, quote=True)
    text = text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    note = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{text}{note}</figure>\n"


def grid(parts: Iterable[str]) -> str:
    return '<div class="grid">\n' + "".join(parts) + "</div>\n"


def section(identity: str, title: str, *parts: str) -> str:
    return f'<section id="{escape(identity, quote=True)}"><h2>{escape(title)}</h2>\n' + "".join(parts) + "</section>\n"


def details(summary: str, *parts: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>\n" + "".join(parts) + "</details>\n"


def page(title: str, lead: str, sections: Sequence[tuple[str, str, str]]) -> str:
    """The whole page. ``sections`` holds (identity, title, html); the navigation is made from it."""
    links = "".join(f'<a href="#{escape(i, quote=True)}">{escape(t)}</a>' for i, t, _ in sections)
    body = "".join(section(i, t, html) for i, t, html in sections)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n<h1>{escape(title)}</h1>\n{lead}"
        f"<nav>{links}</nav>\n{body}</body></html>\n"
    )
