"""Items over HTTP: the numbers of the read model and of the topic, in the inbox's order, page by page."""

import io
from datetime import timedelta

import httpx
import numpy as np
import pytest
from PIL import Image

from contracts.codec import decode, encode
from contracts.messages import MediaUploaded, MediaVerdict
from dashboard import item_queries
from dashboard.item_queries import Question
from dashboard.item_search import Order
from dashboard.projection import Tab
from ingest.claim_checks import redeem
from ingest.crop_bundles import unpack
from tests.support.items import an_upload
from tests.support.read_models import Deployment

Uploads = dict[str, MediaUploaded]


def walk(api: httpx.Client, **query: object) -> list[dict]:
    found, cursor = [], None
    while True:
        page = (
            api.get("/v1/items", params={**query, **({"cursor": cursor} if cursor else {})}).raise_for_status().json()
        )
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


def test_every_number_is_that_of_the_read_model_and_of_the_topic(
    api: httpx.Client, deployment: Deployment, uploads: Uploads
):
    engine = deployment.writer._engine
    for upload in uploads.values():
        row, known = item_queries.item_row(engine, upload.media_id), item_queries.item(engine, upload.media_id)
        assert row is not None
        said = api.get(f"/v1/items/{upload.media_id}").json()
        summary = said["summary"]
        for name in ("change", "seq", "people", "duration_s", "sha256", "lifecycle", "tab", "verdict", "reason"):
            assert summary[name] == row[name], name
        numbers = {name: row[name] for name in ("low", "value", "high")}
        assert (summary["probability"] or dict.fromkeys(numbers)) == numbers
        assert said["uploaded"] == known.uploaded.model_dump(mode="json") if known.uploaded else True
        if known.verdict is None:
            assert api.get(f"/v1/items/{upload.media_id}/verdict").status_code == 404
            continue
        on_topic = decode(encode(known.verdict), MediaVerdict)
        told = api.get(f"/v1/items/{upload.media_id}/verdict").json()
        assert MediaVerdict.model_validate(told) == on_topic == MediaVerdict.model_validate(said["verdict"])
        detectors = api.get(f"/v1/items/{upload.media_id}/detectors").json()["detectors"]
        assert detectors == on_topic.model_dump(mode="json")["detectors"]
        history = api.get(f"/v1/items/{upload.media_id}/history").json()
        assert history[-1]["event_id"] == on_topic.event_id
        assert (history[-1]["probability"] or {}).get("value") == (
            on_topic.probability.value if on_topic.probability else None
        )


@pytest.mark.parametrize("sort", Order)
@pytest.mark.parametrize("tab", [None, Tab.INCONCLUSIVE])
@pytest.mark.parametrize("limit", [1, 2, 200])
def test_pages_are_the_inbox_in_its_order(
    api: httpx.Client, deployment: Deployment, uploads: Uploads, sort: Order, tab: Tab | None, limit: int
):
    inbox = item_queries.page_of(deployment.writer._engine, Question(order=sort, tab=tab))
    found = walk(api, sort=sort, limit=limit, **({"tab": tab} if tab else {}))
    assert [one["media_id"] for one in found] == [row["media_id"] for row in inbox]
    assert len(inbox) >= 2


def test_words_kinds_and_counts_are_those_of_the_inbox(api: httpx.Client, uploads: Uploads):
    names = [one["name"] for one in walk(api, q="HARBOUR night")]
    assert names == ["harbour at night.mp4"]
    assert [one["name"] for one in walk(api, kind="image")] == ["portrait.jpg"]
    media_id = uploads["portrait.jpg"].media_id
    assert [one["media_id"] for one in walk(api, q=media_id[:10])] == [media_id]
    assert walk(api, q="no such words") == []
    counts = api.get("/v1/items/counts").json()
    assert sum(counts.values()) == len(uploads)
    assert counts[Tab.LIKELY_MANIPULATED] == 1


def test_the_filters_are_those_of_the_inbox(api: httpx.Client, uploads: Uploads):
    known = uploads["desk/street interview.mp4"]
    at = known.received_at
    assert [one["name"] for one in walk(api, source="desk/")] == ["street interview.mp4"]
    on_the_minute = {"arrived_from": at.isoformat(), "arrived_before": (at + timedelta(minutes=1)).isoformat()}
    assert [one["media_id"] for one in walk(api, **on_the_minute)] == [known.media_id]
    scored = {one["name"] for one in walk(api, detector="mesonet")}
    assert "street interview.mp4" in scored and "messenger copy.mp4" not in scored
    assert len(walk(api, reviewed=False)) == len(uploads)
    assert walk(api, reviewed=True) == walk(api, reviewer="nobody") == []
    counts = api.get("/v1/items/counts", params={"source": "desk/", "exact": False})
    assert (counts.json()["some"], sum(counts.json().values())) == (1, 1)
    assert "telltale-at-least" not in counts.headers
    assert api.get("/v1/items", params={"arrived_from": "yesterday"}).status_code == 422


def test_an_item_that_comes_between_two_pages_shifts_nothing(own: Deployment):
    from tests.support.api_server import client_of, serving, settings_of

    own.tell(*(an_upload(f"{number}.mp4") for number in range(5)))
    with serving(settings_of(own)) as address, client_of(address) as api:
        first = api.get("/v1/items", params={"limit": 2}).json()
        own.tell(an_upload("late.mp4"))
        rest = api.get("/v1/items", params={"limit": 200, "cursor": first["next"]}).json()
    ids = [one["media_id"] for one in (*first["items"], *rest["items"])]
    assert len(ids) == len(set(ids)) >= 5


def test_an_unchanged_item_is_not_sent_twice(api: httpx.Client, uploads: Uploads):
    path = f"/v1/items/{uploads['portrait.jpg'].media_id}"
    for place in (path, f"{path}/verdict"):
        tag = api.get(place).headers["etag"]
        again = api.get(place, headers={"If-None-Match": f'"other", W/{tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert api.get(place, headers={"If-None-Match": '"other"'}).status_code == 200


def test_what_is_not_there_is_a_problem_with_the_number_of_the_request(api: httpx.Client):
    refused = api.get("/v1/items/unknown", headers={"X-Request-ID": "desk-7"})
    assert refused.status_code == 404
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert (problem["status"], problem["type"], problem["request_id"]) == (
        404,
        "urn:telltale:problem:not-found",
        "desk-7",
    )
    assert refused.headers["x-request-id"] == "desk-7"
    assert api.get("/nowhere").json()["status"] == 404


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMiwzXQ", "bnVsbA", "ü"])
def test_a_cursor_of_no_page_is_refused(api: httpx.Client, cursor: str):
    refused = api.get("/v1/items", params={"cursor": cursor})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:telltale:problem:unfit-request")


def test_a_crop_comes_without_loss(api: httpx.Client, deployment: Deployment, uploads: Uploads):
    upload = uploads["statement swapped.mp4"]
    verdict = item_queries.item(deployment.writer._engine, upload.media_id).verdict
    assert verdict is not None
    told = api.get(f"/v1/items/{upload.media_id}/evidence").json()
    evidence = verdict.tracks[0].evidence
    assert [one["probability"] for one in told] == [one.probability for one in evidence]
    picture = Image.open(io.BytesIO(api.get(told[2]["href"]).raise_for_status().content))
    crop = unpack(redeem(deployment.work, evidence[2].bundle))[evidence[2].crop]
    assert np.array_equal(np.asarray(picture), crop.pixels)
    assert api.get(f"/v1/items/{upload.media_id}/evidence/{len(told)}").status_code == 404


def test_expired_crops_and_removed_media_are_gone(own: Deployment):
    from contracts.vocabulary import Verdict
    from tests.support.api_server import client_of, serving, settings_of
    from tests.support.read_models import a_judged_clip

    upload, verdict = a_judged_clip(own, "a.mp4", 0.9, Verdict.LIKELY_MANIPULATED)
    own.tell(upload, verdict)
    own.work.delete(f"crops/{upload.media_id}/0.zip")
    with serving(settings_of(own)) as address, client_of(address) as api:
        assert api.get(f"/v1/items/{upload.media_id}/media").content == own.clip()
        own.bucket.delete("a.mp4")
        for what in ("evidence/0", "media"):
            gone = api.get(f"/v1/items/{upload.media_id}/{what}")
            assert (gone.status_code, gone.json()["type"]) == (410, "urn:telltale:problem:gone")


def test_media_comes_by_ranges(api: httpx.Client, deployment: Deployment, uploads: Uploads):
    path = f"/v1/items/{uploads['statement swapped.mp4'].media_id}/media"
    part = api.get(path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, deployment.clip()[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(deployment.clip())}"
    assert part.headers["x-content-type-options"] == "nosniff"


def test_detectors_pipeline_and_policy_are_told(api: httpx.Client, uploads: Uploads):
    names = {one["name"]: one for one in api.get("/v1/detectors").json()}
    assert names["telltale"]["asked"] and not names["selimsef"]["asked"]
    assert names["telltale"]["health"]["answers"]["scored"] >= 3
    assert api.get("/v1/detectors/mesonet").json()["card"]["spec"]["name"] == "mesonet"
    assert api.get("/v1/detectors/nobody").status_code == 404
    pipeline = api.get("/v1/pipeline").json()
    assert (pipeline["items"], pipeline["open_dead_letters"], pipeline["freshness"]) == (len(uploads), 1, "live")
    assert api.get("/v1/policy").json()["policy_version"] == "evidence-desk.1"


def test_probes_and_pages_answer(api: httpx.Client):
    assert api.get("/healthz").text == "live\n"
    assert api.get("/readyz").status_code == 200
    assert 'telltale_events_total{outcome="2xx",stage="api"}' in api.get("/metrics").text
    page = api.get("/docs")
    assert "<script" not in page.text and "/v1/items/{media_id}" in page.text
