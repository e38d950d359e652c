"""Alarms of drift over HTTP: told to whoever may look, acknowledged by analysts, once."""

from dashboard.access import KeyStore, Role
from dashboard.models.alarm_book import AlarmBook
from dashboard.models.drift_alarms import Alarm, Raised
from tests.support.api_server import client_of, serving, settings_of
from tests.support.read_models import Deployment


def test_alarms_are_listed_and_acknowledged_by_analysts(own: Deployment):
    engine = own.writer._engine
    shifted = Raised(subject="telltale", alarm=Alarm.SHIFTED, figures={"now": 250, "before": 250, "stability": 0.41})
    alike = Raised(subject="mesonet", alarm=Alarm.DEGENERATE, figures={"now": 60, "before": 60, "spread": 0.0})
    AlarmBook(engine).update([shifted, alike], now_s=10.0)
    AlarmBook(engine).update([shifted], now_s=20.0)
    keys = {role: KeyStore(engine).create(role.value, role) for role in (Role.VIEWER, Role.ANALYST)}
    with serving(settings_of(own)) as address, client_of(address, keys[Role.VIEWER]) as viewer:
        holds, ended = viewer.get("/v1/drift/alarms").raise_for_status().json()["alarms"]
        assert (holds["about"], holds["alarm"], holds["ended_at"]) == ("telltale", "scores have shifted", None)
        assert holds["words"] == "stability index 0.41; 250 scores now, 250 before"
        assert ended["ended_at"] == "1970-01-01T00:00:20Z"
        assert viewer.get("/v1/drift/alarms?state=open").json()["alarms"] == [holds]
        path = f"/v1/drift/alarms/{holds['alarm_id']}/acknowledge"
        assert viewer.post(path, json={}).status_code == 403
        with client_of(address, keys[Role.ANALYST]) as analyst:
            seen = analyst.post(path, json={"note": "new camera"}).raise_for_status().json()
            assert (seen["acknowledged_by"], seen["note"]) == ("analyst", "new camera")
            assert analyst.post(path, json={"note": "again"}).json() == seen
            assert analyst.post(path, json={"note": "x" * 1001}).status_code == 422
            unknown = analyst.post(f"/v1/drift/alarms/{'0' * 32}/acknowledge", json={})
            assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:telltale:problem:not-found")
