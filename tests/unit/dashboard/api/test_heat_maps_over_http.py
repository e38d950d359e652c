"""Heat maps over HTTP: asked for, awaited, kept; with caution and check; and why there is none."""

import io
import threading
import time
from pathlib import Path

import httpx
import pytest
from PIL import Image

from contracts.messages import MediaUploaded
from contracts.vocabulary import Verdict
from dashboard import heat_map_line
from dashboard.heat_pictures import CAUTION
from detectors import weights
from tests.support.api_server import client_of, serving, settings_of
from tests.support.read_models import Deployment, a_judged_clip

PATIENCE_S = 240.0
Uploads = dict[str, MediaUploaded]


def place(uploads: Uploads, number: int = 0, name: str = "statement swapped.mp4") -> str:
    return f"/v1/items/{uploads[name].media_id}/evidence/{number}/heat-map"


def awaited(api: httpx.Client, where: str) -> dict:
    """The state once it is no longer being computed; every answer before says so."""
    pause, give_up_s = threading.Event(), time.monotonic() + PATIENCE_S
    while (answer := api.get(where)).status_code == 202:
        assert answer.json()["state"] == "computing"
        assert time.monotonic() < give_up_s, answer.text
        pause.wait(0.2)
    return answer.raise_for_status().json()


def test_a_heat_map_is_asked_for_awaited_and_kept(
    api: httpx.Client, deployment: Deployment, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
):
    where = place(uploads)
    assert api.get(where).status_code == api.get(f"{where}/picture").status_code == 404
    asked = api.post(where)
    assert (asked.status_code, asked.headers["location"]) == (202, f"{where}?detector=telltale")
    assert asked.json()["picture"] is None
    monkeypatch.setattr(heat_map_line, "_MOST_WAITING", 1)
    busy = api.post(place(uploads, 1))
    assert (busy.status_code, busy.json()["type"]) == (503, "urn:telltale:problem:heat-maps-busy")
    assert int(busy.headers["retry-after"]) > 0
    done = awaited(api, asked.headers["location"])
    assert done["caution"] == CAUTION
    check = done["check"]
    assert -1 <= check["likeness"] <= 1
    assert check["passed"] is (check["likeness"] <= check["most_likeness"])
    answer = api.get(done["picture"], params={"strength": 80}).raise_for_status()
    picture = Image.open(io.BytesIO(answer.content))
    texts = picture.text  # type: ignore[attr-defined]
    assert (texts["Caution"], texts["Check"]) == (CAUTION, check["words"])
    assert api.get(done["picture"], params={"strength": 101}).status_code == 422
    with serving(settings_of(deployment)) as address, client_of(address) as another:
        assert another.post(where).json() == done


def test_why_there_is_no_heat_map_is_told(
    api: httpx.Client, uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert api.post(place(uploads, 99)).status_code == 404
    assert api.post(place(uploads), params={"detector": "nobody"}).status_code == 404
    none = api.post(place(uploads), params={"detector": "mesonet"})
    assert (none.status_code, none.json()["detail"]) == (422, "There are no heat maps for mesonet, only for telltale.")
    monkeypatch.setattr(weights, "SHIPPED", tmp_path)
    missing = api.post(place(uploads))
    assert (missing.status_code, missing.json()["type"]) == (409, "urn:telltale:problem:weights-missing")


def test_with_the_crop_its_heat_map_is_gone(own: Deployment):
    upload, verdict = a_judged_clip(own, "a.mp4", 0.9, Verdict.LIKELY_MANIPULATED)
    own.tell(upload, verdict)
    own.work.delete(f"crops/{upload.media_id}/0.zip")
    with serving(settings_of(own)) as address, client_of(address) as api:
        gone = api.post(place({"a.mp4": upload}, name="a.mp4"))
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:telltale:problem:gone")
