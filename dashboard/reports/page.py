"""A report in; one HTML page out that fetches nothing and runs no script."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from dashboard import marks, wording
from dashboard.reports.content import Crop, Report, Table

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """
body { font: 15px/1.5 'Source Sans', Arial, sans-serif; color: #1d2125; background: #fff; max-width: 62rem;
  margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 1.8rem 0 .4rem; }
.card { border: 1px solid #dcdfe2; border-left: 4px solid #6b727b; border-radius: 6px;
  padding: .8rem 1.2rem; margin: 1rem 0; }
.card strong { font-size: 1.25rem; } .draft { font-weight: 600; border: 1px solid #1d2125; padding: .2rem .6rem;
  display: inline-block; } .quiet { color: #545b64; font-size: .9rem; }
table { border-collapse: collapse; width: 100%; font-size: .86rem; } th, td { text-align: left; vertical-align: top;
  padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #dcdfe2; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; } figure { display: inline-block; margin: 0 .6rem .6rem 0; width: 120px; }
figure img { width: 120px; height: 120px; object-fit: cover; border-radius: 5px; } figcaption { font-size: .8rem; }
code { font-size: .88rem; overflow-wrap: anywhere; } .tt-shape { vertical-align: -4px; margin-right: .5rem; }
@media print { body { margin: 0; max-width: none; } h2, tr, figure { break-inside: avoid; } }
"""


def as_html(report: Report) -> bytes:
    """The report as a page for reading and printing."""
    draft = '<p class="draft">Draft: no person has reviewed this item.</p>' if report.draft else ""
    body = (
        f'<h1>{escape(report.name)}</h1><p class="quiet">Report of {escape(report.made_at)} · item '
        f"{escape(report.media_id)}</p>{draft}{_card(report)}{_drawings(report.drawings)}{_crops(report.crops)}"
        f"{''.join(_table(table) for table in report.tables)}{_facts(report)}{_method(report)}"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(report.name)}: {escape(report.headline)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    ).encode()


def _card(report: Report) -> str:
    said = "".join(f"<p>{marks.inline(part)}</p>" for part in report.summary)
    limits = "".join(f"<li>{marks.inline(part)}</li>" for part in report.limits)
    why = f"<p><b>{wording.limits_title(report.verdict)}</b></p><ul>{limits}</ul>" if limits else ""
    mark = marks.shape(marks.VERDICT_MARKS[report.verdict], size_px=22)
    return f'<div class="card"><p>{mark}<strong>{escape(report.headline)}</strong></p>{said}{why}</div>'


def _drawings(drawings: Sequence[tuple[str, str]]) -> str:
    return "".join(f"<h2>{escape(title)}</h2>{drawing}" for title, drawing in drawings)


def _crops(crops: Sequence[Crop]) -> str:
    if not crops:
        return ""
    shown = "".join(
        f'<figure><img alt="" src="data:image/jpeg;base64,{b64encode(crop.picture).decode("ascii")}">'
        f"<figcaption>{escape(crop.words)}</figcaption></figure>"
        for crop in crops
    )
    return f"<h2>Faces that point to manipulation most</h2>{shown}"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.head)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f"<h2>{escape(table.title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _facts(report: Report) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in report.facts
    )
    return f"<h2>File</h2><table><tbody>{rows}</tbody></table>"


def _method(report: Report) -> str:
    versions = "".join(f"<li><code>{escape(line)}</code></li>" for line in report.versions)
    return (
        f"<h2>Method and limits</h2><p>{escape(report.method)}</p><p>{escape(report.caution)}</p>"
        f"<h2>Versions</h2><ul>{versions}</ul><h2>To repeat it</h2><p><code>{escape(report.command)}</code></p>"
    )
