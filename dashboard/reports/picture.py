"""A report in; its drawings as one SVG or PNG picture out."""

import re
from html import escape

import vl_convert

from dashboard.reports.content import Report

_WIDTH, _MARGIN, _TITLE = 1200, 24, 64
_SCALE = 2.0
_HEIGHT = re.compile(r'viewBox="0 0 [\d.]+ ([\d.]+)"')


def as_svg(report: Report) -> str:
    """The name, the verdict and every drawing below each other, on white."""
    parts, top = [], float(_TITLE)
    for title, drawing in report.drawings:
        height = float(_HEIGHT.findall(drawing)[0])
        parts.append(f'<text x="{_MARGIN}" y="{top + 16:g}" font-size="14" font-weight="600">{escape(title)}</text>')
        parts.append(f'<svg x="{_MARGIN}" y="{top + 28:g}"{drawing[4:]}')
        top += height + 52
    head = (
        f'<text x="{_MARGIN}" y="30" font-size="18" font-weight="600">{escape(report.name)}</text>'
        f'<text x="{_MARGIN}" y="52" font-size="14">{escape(report.headline)} · {escape(report.made_at)}</text>'
    )
    width, height = _WIDTH + 2 * _MARGIN, max(top, _TITLE + 20)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:g}" viewBox="0 0 {width} {height:g}" '
        f'font-family="Arial, sans-serif" fill="#1d2125"><rect width="{width}" height="{height:g}" fill="#ffffff"/>'
        f"{head}{''.join(parts)}</svg>"
    )


def as_png(report: Report) -> bytes:
    """The same as pixels, at twice the size."""
    return vl_convert.svg_to_png(as_svg(report), scale=_SCALE)
