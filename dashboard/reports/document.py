"""A report in; a PDF document out, with fonts of its own."""

import io
from collections.abc import Callable, Sequence
from functools import cache
from xml.sax.saxutils import escape

import vl_convert
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Table as Grid

from dashboard import wording
from dashboard.reports.content import Report, Table

_MARGIN = 18 * mm
_FRAME_PADDING = 6
_WIDTH = A4[0] - 2 * _MARGIN - 2 * _FRAME_PADDING
_POINTS_PER_PIXEL = 0.3
_CROP = 26 * mm
_INK, _QUIET, _LINE = colors.HexColor("#1d2125"), colors.HexColor("#545b64"), colors.HexColor("#dcdfe2")


def as_pdf(report: Report) -> bytes:
    """The report on A4; letters that the font lacks are written as their Unicode numbers, so that no name is lost."""
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=f"{report.name}: {report.headline}",
        author="Telltale",
        invariant=1,
    )
    footed = _foot(report)
    document.build(_story(report), onFirstPage=footed, onLaterPages=footed)
    return out.getvalue()


def _foot(report: Report) -> Callable[[Canvas, SimpleDocTemplate], None]:
    words = _written(f"{'Draft, not reviewed · ' if report.draft else ''}{report.media_id} · {report.made_at}")

    def foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
        _fonts()
        canvas.setFont("Vera", 7)
        canvas.setFillColor(_QUIET)
        canvas.drawString(_MARGIN, 10 * mm, words)
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, f"page {document.page}")

    return foot


def _story(report: Report) -> list[Flowable]:
    story: list[Flowable] = [
        _said(report.name, _TITLE),
        _said(f"Report of {report.made_at} · item {report.media_id}", _SMALL),
    ]
    if report.draft:
        story.append(_said("Draft: no person has reviewed this item.", _BOLD))
    story += [Spacer(0, 8), _said(report.headline, _HEADLINE)]
    story += [_said(part, _BODY) for part in report.summary]
    if report.limits:
        story.append(_said(wording.limits_title(report.verdict), _BOLD))
        story += [_said(f"– {part}", _BODY) for part in report.limits]
    for title, drawing in report.drawings:
        story.append(KeepTogether([_said(title, _HEAD), _drawn(drawing)]))
    story += _crops(report)
    for table in report.tables:
        story += [_said(table.title, _HEAD), _grid(table)]
    story += [_said("File", _HEAD), _pairs(report.facts)]
    story += [_said("Method and limits", _HEAD), _said(report.method, _BODY), _said(report.caution, _BODY)]
    story += [_said("Versions", _HEAD), *(_said(line, _SMALL) for line in report.versions)]
    return [*story, _said("To repeat it", _HEAD), _said(report.command, _SMALL)]


def _crops(report: Report) -> list[Flowable]:
    if not report.crops:
        return []
    pictures = [Image(io.BytesIO(crop.picture), width=_CROP, height=_CROP, kind="bound") for crop in report.crops]
    words = [_said(crop.words, _SMALL) for crop in report.crops]
    grid = Grid([pictures, words], colWidths=[_WIDTH / len(pictures)] * len(pictures), hAlign="LEFT")
    grid.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
    return [KeepTogether([_said("Faces that point to manipulation most", _HEAD), grid])]


def _drawn(drawing: str) -> Image:
    picture = Image(io.BytesIO(vl_convert.svg_to_png(drawing, scale=2.0)))
    factor = min(_POINTS_PER_PIXEL, _WIDTH / picture.imageWidth)
    picture.drawWidth, picture.drawHeight = picture.imageWidth * factor, picture.imageHeight * factor
    return picture


def _grid(table: Table) -> Grid:
    head = [_said(name, _CELL_HEAD) for name in table.head]
    rows = [[_said(cell, _CELL) for cell in row] for row in table.rows]
    return _lined(Grid([head, *rows], colWidths=[_WIDTH / len(head)] * len(head), repeatRows=1))


def _pairs(pairs: Sequence[tuple[str, str]]) -> Grid:
    rows = [[_said(name, _CELL_HEAD), _said(value, _CELL)] for name, value in pairs]
    return _lined(Grid(rows, colWidths=[40 * mm, _WIDTH - 40 * mm]))


def _lined(grid: Grid) -> Grid:
    style = [("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    grid.setStyle(TableStyle([*style, ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 4)]))
    return grid


def _said(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(_written(text.replace("`", ""))), style)


def _written(text: str) -> str:
    known = _fonts()
    return "".join(letter if ord(letter) in known else f"<U+{ord(letter):04X}>" for letter in text)


@cache
def _fonts() -> frozenset[int]:
    """Make the fonts known; the letters that they have leave."""
    plain = TTFont("Vera", "Vera.ttf")
    pdfmetrics.registerFont(plain)
    pdfmetrics.registerFont(TTFont("VeraBd", "VeraBd.ttf"))
    return frozenset(plain.face.charToGlyph)


def _style(
    name: str, size: float, *, bold: bool = False, above: float = 0.0, ink: colors.Color = _INK
) -> ParagraphStyle:
    font = "VeraBd" if bold else "Vera"
    return ParagraphStyle(
        name,
        fontName=font,
        fontSize=size,
        leading=size * 1.4,
        spaceBefore=above,
        spaceAfter=2,
        keepWithNext=name == "head",
        textColor=ink,
    )


_TITLE = _style("title", 15, bold=True)
_HEADLINE = _style("headline", 13, bold=True)
_HEAD = _style("head", 10, bold=True, above=10)
_BODY = _style("body", 9)
_BOLD = _style("bold", 9, bold=True, above=4)
_SMALL = _style("small", 7.5, ink=_QUIET)
_CELL = _style("cell", 7.5)
_CELL_HEAD = _style("cell head", 7.5, bold=True)
