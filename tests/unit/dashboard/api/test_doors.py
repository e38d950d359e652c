"""Who gets in: keys with their roles, this machine alone, no page of others, and nobody too often."""

import httpx
import pytest

from dashboard.access import KeyStore, Role
from dashboard.api.app import create_app
from dashboard.api.rate_limit import RateLimit
from dashboard.api.serving import NobodyCouldComeIn, serve
from tests.support.api_server import client_of, serving, settings_of
from tests.support.read_models import Deployment

JOBS = {
    Role.VIEWER: [
        ("GET", "/v1/items"),
        ("GET", "/v1/detectors"),
        ("GET", "/metrics"),
        ("POST", "/v1/items/x/evidence/0/heat-map"),
    ],
    Role.ANALYST: [("POST", "/v1/submissions/keys"), ("POST", "/v1/submissions/file"), ("GET", "/v1/items/x/media")],
    Role.OPERATOR: [
        ("GET", "/v1/webhooks"),
        ("POST", "/v1/dead-letters/abcdef/drop"),
        ("POST", "/v1/webhooks"),
        ("DELETE", "/v1/items/x"),
        ("GET", "/v1/expiry"),
    ],
}


@pytest.mark.parametrize("role", Role)
def test_a_key_opens_what_its_role_may(own: Deployment, role: Role):
    key = KeyStore(own.writer._engine).create("desk", role)
    with serving(settings_of(own)) as address, client_of(address, key) as api, client_of(address) as nobody:
        for needed, calls in JOBS.items():
            for method, path in calls:
                answered = api.request(method, path)
                assert (answered.status_code == 403) is not role.includes(needed), (path, answered.text)
                assert nobody.request(method, path).status_code == 401
        wrong = api.get("/v1/items", headers={"Authorization": f"Bearer {key}x"})
        assert wrong.status_code == 401
        assert wrong.headers["www-authenticate"].startswith("Bearer")
        assert key not in wrong.text
        assert api.get("/healthz").status_code == api.get("/readyz").status_code == 200


def test_the_open_door_is_for_this_machine_only(own: Deployment):
    with serving(settings_of(own)) as address, client_of(address) as api:
        assert api.get("/v1/items").status_code == 200
        assert api.get("/v1/items", headers={"Origin": "https://elsewhere.example"}).status_code == 401
        assert api.get("/v1/items", headers={"Origin": address}).status_code == 200
        assert api.get("/v1/items", headers={"Host": "rebound.example"}).status_code == 401
        assert api.get("/v1/items", headers={"Authorization": "Basic eDp5"}).status_code == 401
        assert "access-control-allow-origin" not in api.get("/v1/items", headers={"Origin": address}).headers


def test_pages_of_named_origins_may_call(own: Deployment):
    settings = settings_of(own, api_cors_origins="https://desk.example")
    with serving(settings) as address, client_of(address) as api:
        asked = {"Origin": "https://desk.example", "Access-Control-Request-Method": "GET"}
        assert api.options("/v1/items", headers=asked).headers["access-control-allow-origin"] == "https://desk.example"
        other = api.options("/v1/items", headers={**asked, "Origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers


def test_no_server_starts_that_is_open_to_others(own: Deployment):
    with pytest.raises(NobodyCouldComeIn):
        serve(settings_of(own, api_address="0.0.0.0"))


async def test_beyond_loopback_nobody_is_let_in_without_a_key(own: Deployment):
    app = create_app(settings_of(own, api_address="0.0.0.0"), deliver=False)
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as api:
        assert (await api.get("/v1/items")).status_code == 401
    app.state.context.close()


def test_too_many_requests_have_to_wait(own: Deployment):
    with serving(settings_of(own, api_requests_per_minute=3)) as address, client_of(address) as api:
        answers = [api.get("/v1/items") for _ in range(5)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
        assert answers[-1].json()["type"] == "urn:telltale:problem:too-many-requests"


def test_a_bucket_of_tokens_fills_again_for_each_caller():
    now_s = [0.0]
    limit = RateLimit(60, clock=lambda: now_s[0])
    assert [limit.wait_s("a") for _ in range(60)] == [0.0] * 60
    assert limit.wait_s("a") == pytest.approx(1.0)
    assert limit.wait_s("b") == 0.0
    now_s[0] = 1.0
    assert limit.wait_s("a") == 0.0
    assert limit.wait_s("a") > 0.0


def test_a_body_that_would_fill_the_memory_is_cut_off(own: Deployment):
    with serving(settings_of(own)) as address, client_of(address) as api:
        long = api.post("/v1/submissions/keys", content=(b"x" * 2**20 for _ in range(13)))
        assert (long.status_code, long.json()["type"]) == (413, "urn:telltale:problem:too-large")
