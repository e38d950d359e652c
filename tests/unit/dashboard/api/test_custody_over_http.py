"""Deletion and expiry over HTTP: nothing goes on a dry run, nothing is left after it, and both say what they did."""

import pytest

from contracts.messages import MediaUploaded, MediaVerdict
from contracts.vocabulary import Verdict
from dashboard import item_queries
from dashboard.access import KeyStore, Role
from dashboard.custody.log import bodies_of, links_of
from tests.support.api_server import client_of, serving, settings_of
from tests.support.read_models import Deployment, a_judged_clip

NOBODY = "127.0.0.1:9"
WHY = {"because": "asked for, ticket 4711"}


@pytest.fixture
def judged(own: Deployment) -> tuple[MediaUploaded, MediaVerdict]:
    upload, verdict = a_judged_clip(own, "desk/a.mp4", 0.9, Verdict.LIKELY_MANIPULATED)
    own.tell(upload, verdict)
    own.work.write(f"crops/{upload.media_id}/heat-0.npz", b"a face")
    return upload, verdict


def test_an_item_is_deleted_with_a_reason_and_by_whom(own: Deployment, judged: tuple[MediaUploaded, MediaVerdict]):
    media_id = judged[0].media_id
    key = KeyStore(own.writer._engine).create("desk", Role.OPERATOR)
    settings = settings_of(own, kafka_bootstrap_servers=NOBODY)
    with serving(settings) as address, client_of(address, key) as api:
        where = f"/v1/items/{media_id}"
        assert api.delete(where).status_code == api.delete(where, params={"because": " "}).status_code == 422
        planned = api.delete(where, params={**WHY, "dry_run": True}).raise_for_status().json()
        assert (planned["crops"], planned["media"], planned["deleted"]) == (2, True, False)
        assert planned["rows"]["items"] == planned["rows"]["documents"] == 1
        assert api.get(where).status_code == 200
        done = api.delete(where, params={**WHY, "media": True}).raise_for_status().json()
        assert (done["deleted"], done["topics"], done["rows"]) == (True, "not_reached", planned["rows"])
        assert "Kafka was not reached" in done["left"][-1]
        assert api.get(where).status_code == 404
        again = api.delete(where, params=WHY).raise_for_status().json()
        assert (again["deleted"], again["crops"], again["rows"]["items"]) == (True, 0, 0)
        assert api.delete("/v1/items/never-known", params=WHY).status_code == 404
    engine = own.writer._engine
    assert item_queries.item_row(engine, media_id) is None
    assert [found.key for found in own.work.list("crops/")] == [f"crops/{media_id}/extracted.json"]
    assert list(own.bucket.list("desk/")) == []
    with engine.connect() as connection:
        (link,) = [one for one in links_of(connection, media_id) if one.kind == "deleted"]
        body = bodies_of(connection, media_id)[link.number]
    assert body is not None
    assert body.content["because"] == "asked for, ticket 4711 (by desk)"
    assert (own.home / "audit" / "anchors.jsonl").read_text().count("\n") == 2


def test_without_its_audit_key_nothing_is_deleted(
    own: Deployment, judged: tuple[MediaUploaded, MediaVerdict], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TELLTALE_AUDIT_KEY", str(own.home / "missing"))
    with serving(settings_of(own)) as address, client_of(address) as api:
        refused = api.delete(f"/v1/items/{judged[0].media_id}", params=WHY)
        assert (refused.status_code, refused.json()["detail"][:20]) == (503, "Nothing was deleted:")
        assert api.get(f"/v1/items/{judged[0].media_id}").status_code == 200


def test_what_would_expire_is_told_and_stays(
    own: Deployment, judged: tuple[MediaUploaded, MediaVerdict], monkeypatch: pytest.MonkeyPatch
):
    media_id = judged[0].media_id
    monkeypatch.setenv("TELLTALE_KEEP_EVIDENCE_DAYS", "0.000000001")
    with serving(settings_of(own)) as address, client_of(address) as api:
        due = api.get("/v1/expiry", params={"limit": 1}).raise_for_status().json()
    assert due["objects"]["evidence"] == 2
    assert (due["kept_days"]["rows"], due["kept_days"]["bundles"], due["postponed"]) == (None, 4.0, 0)
    assert due["due"] == [{"media_id": media_id, "what": "evidence", "objects": 2, "size_bytes": due["size_bytes"]}]
    assert due["more"] == 0
    assert len(list(own.work.list(f"crops/{media_id}/"))) == 2
