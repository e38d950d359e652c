"""Reports of one item: what is said of it as a page, a document, data, rows and a picture, all from one content."""

from dashboard.reports.content import Report, report_of
from dashboard.reports.data import as_csv, as_json, labels_csv
from dashboard.reports.document import as_pdf
from dashboard.reports.page import as_html
from dashboard.reports.picture import as_png, as_svg

__all__ = ["Report", "as_csv", "as_html", "as_json", "as_pdf", "as_png", "as_svg", "labels_csv", "report_of"]
