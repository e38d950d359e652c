"""Whatever went wrong in; one form of answer out: problem details (RFC 9457) with the number of the request."""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from contracts.errors import NotNow
from dashboard.access import AccessDenied, NotAuthenticated
from dashboard.api.request_ids import request_id_of

MEDIA_TYPE = "application/problem+json"
RETRY_S = 5
_log = structlog.get_logger()


class FieldError(BaseModel):
    """One value of a request that cannot be taken, and why."""

    place: str
    detail: str


class Problem(BaseModel):
    """Why a request was not answered; ``type`` is a stable name, the words may change."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FieldError] = []


class Refused(Exception):
    """A request that is answered with a problem: its status, stable name, title and one sentence."""

    def __init__(
        self, status: int, name: str, title: str, detail: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.name, self.title, self.detail = status, name, title, detail
        self.headers = headers or {}


def not_found(what: str) -> Refused:
    """There is no such thing."""
    return Refused(404, "not-found", "Not found", what)


def unfit(detail: str) -> Refused:
    """A value that has the right form and still cannot be taken."""
    return Refused(422, "unfit-request", "The request cannot be taken", detail)


def answer(request: Request, why: Refused, errors: list[FieldError] | None = None) -> JSONResponse:
    """The problem as a response."""
    problem = Problem(
        type=f"urn:telltale:problem:{why.name}",
        title=why.title,
        status=why.status,
        detail=why.detail,
        instance=request.url.path,
        request_id=request_id_of(request),
        errors=errors or [],
    )
    return JSONResponse(problem.model_dump(), status_code=why.status, headers=why.headers, media_type=MEDIA_TYPE)


def register(app: FastAPI) -> None:
    """Let every failure of ``app`` end as a problem."""

    @app.exception_handler(Refused)
    def refused(request: Request, why: Refused) -> JSONResponse:
        return answer(request, why)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, why: RequestValidationError) -> JSONResponse:
        errors = [FieldError(place=_place(error), detail=str(error["msg"])) for error in why.errors()]
        return answer(request, unfit("Some values cannot be taken; see errors."), errors)

    @app.exception_handler(HTTPException)
    def http(request: Request, why: HTTPException) -> JSONResponse:
        name = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}.get(why.status_code, "refused")
        said = Refused(why.status_code, name, str(why.detail), str(why.detail), headers=dict(why.headers or {}))
        return answer(request, said)

    @app.exception_handler(NotAuthenticated)
    def unknown(request: Request, why: NotAuthenticated) -> JSONResponse:
        headers = {"WWW-Authenticate": 'Bearer realm="telltale"'}
        return answer(request, Refused(401, "not-authenticated", "Not authenticated", str(why), headers=headers))

    @app.exception_handler(AccessDenied)
    def denied(request: Request, why: AccessDenied) -> JSONResponse:
        return answer(request, Refused(403, "access-denied", "Access denied", str(why)))

    @app.exception_handler(NotNow)
    def later(request: Request, why: NotNow) -> JSONResponse:
        _log.warning("api_waits", why=str(why))
        return answer(request, _away("The bucket or Kafka does not answer now; try again later."))

    @app.exception_handler(SQLAlchemyError)
    def without_read_model(request: Request, why: SQLAlchemyError) -> JSONResponse:
        _log.error("read_model_failed", why=f"{type(why).__name__}: {why}")
        return answer(request, _away("The read model does not answer now; try again later."))

    @app.exception_handler(Exception)
    def broken(request: Request, why: Exception) -> JSONResponse:
        _log.exception("request_failed", exc_info=why)
        detail = "The request failed here; the log has the details under its number."
        return answer(request, Refused(500, "internal-error", "Internal error", detail))


def _away(detail: str) -> Refused:
    return Refused(503, "not-now", "Not now", detail, headers={"Retry-After": str(RETRY_S)})


def _place(error: Any) -> str:
    return ".".join(str(step) for step in error["loc"])
