"""Webhooks against real receivers: signed, tried again, dead, replayed, never lost, never into private networks."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from contracts.vocabulary import Lifecycle
from dashboard.api import webhook_tables  # noqa: F401 - makes its tables
from dashboard.api.outbound import ForbiddenTarget, address_of, checked_url, is_public, post
from dashboard.api.settings import ApiSettings
from dashboard.api.webhook_signing import NotOurs, check, new_secret, signed_headers
from dashboard.api.webhook_store import WebhookStore, Wish
from dashboard.api.webhook_worker import WebhookWorker, pause_s
from tests.support.api_server import client_of, serving, settings_of
from tests.support.items import a_verdict, an_upload
from tests.support.read_models import Deployment


class Receiver:
    """A real server that keeps what it got and answers as it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        receiver = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                if receiver.status == 302:
                    self.send_header("Location", receiver.url)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def wait_for(self, count: int) -> None:
        give_up_s = time.monotonic() + 20
        while len(self.got) < count:
            assert time.monotonic() < give_up_s, f"{len(self.got)} of {count} came"
            time.sleep(0.02)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def own(tmp_path: Path) -> Deployment:
    return Deployment.make(tmp_path / "own")


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


def a_worker(own: Deployment, clock: Clock, **more: object) -> tuple[WebhookWorker, WebhookStore]:
    from dashboard.read_model import open_engine, url_of

    settings = settings_of(own, **{"webhook_private_targets": True, "webhook_attempts": 3, **more})
    store = WebhookStore(open_engine(url_of(settings)))
    return WebhookWorker(store, settings, clock=clock, pause=lambda _tries: 10.0), store


def a_webhook(store: WebhookStore, url: str, *lifecycles: Lifecycle) -> dict:
    wish = Wish(url=url, description="", lifecycles=lifecycles, verdicts=(), after=0)
    return dict(store.add(wish, who="test", now_s=0.0))


def test_an_event_is_delivered_signed_and_only_once(own: Deployment, receiver: Receiver):
    clock = Clock()
    worker, store = a_worker(own, clock)
    hook = a_webhook(store, receiver.url, Lifecycle.FINAL)
    verdict = a_verdict(an_upload("a.mp4"), seq=2)
    own.tell(a_verdict(an_upload("a.mp4"), lifecycle=Lifecycle.PROVISIONAL), verdict)
    assert [worker.step(), worker.step()] == [1, 0]
    ((headers, body),) = receiver.got
    assert check(hook["secret"], headers, body, now_s=clock.now_s) == f"{hook['webhook_id']}-{verdict.event_id}"
    said = json.loads(body)
    assert (said["type"], said["data"]["event_id"], said["data"]["media_id"]) == (
        "verdict.event",
        verdict.event_id,
        verdict.media_id,
    )
    for secret, sent, when in (
        (new_secret(), body, clock.now_s),
        (hook["secret"], body + b" ", clock.now_s),
        (hook["secret"], body, clock.now_s + 301),
    ):
        with pytest.raises(NotOurs):
            check(secret, headers, sent, now_s=when)


def test_a_refused_delivery_is_tried_again_then_dead_then_replayed(own: Deployment, receiver: Receiver):
    clock = Clock()
    worker, store = a_worker(own, clock)
    hook = a_webhook(store, receiver.url)
    own.tell(a_verdict(an_upload("a.mp4")))
    receiver.status = 500
    assert [worker.step(), worker.step()] == [1, 0]
    for _ in range(4):
        clock.now_s += 10.1
        worker.step()
    assert len(receiver.got) == 3
    (dead,) = store.log(hook["webhook_id"], state="dead", before=None, limit=5)
    found = store.delivery(hook["webhook_id"], dead["delivery_id"])
    assert found is not None
    assert [(one["number"], one["status"]) for one in found[1]] == [(1, 500), (2, 500), (3, 500)]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    receiver.status = 204
    assert store.replay(hook["webhook_id"], None, now_s=clock.now_s) == 1
    assert worker.step() == 1
    (row,) = store.log(hook["webhook_id"], state="delivered", before=None, limit=5)
    assert (row["tries"], row["last_status"]) == (4, 204)


def test_what_a_crash_left_unwritten_is_told_again_under_the_same_id(
    own: Deployment, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    clock = Clock()
    worker, store = a_worker(own, clock)
    a_webhook(store, receiver.url)
    own.tell(a_verdict(an_upload("a.mp4")))
    with monkeypatch.context() as crash:
        crash.setattr(WebhookStore, "note", lambda *_args, **_named: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            worker.step()
    again, _ = a_worker(own, clock)
    assert again.step() == 0  # the one that crashed still holds the lease
    clock.now_s += 61
    assert again.step() == 1
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 2


def test_nobody_there_and_a_redirect_are_failures(own: Deployment, receiver: Receiver):
    clock = Clock()
    worker, store = a_worker(own, clock, webhook_timeout_s=2.0)
    gone = a_webhook(store, "http://127.0.0.1:9/")
    moved = a_webhook(store, receiver.url)
    receiver.status = 302
    own.tell(a_verdict(an_upload("a.mp4")))
    assert worker.step() == 2
    (no_answer,) = store.log(gone["webhook_id"], state="pending", before=None, limit=5)
    assert (no_answer["last_status"], no_answer["last_detail"]) == (None, "Nobody answered: ConnectError.")
    (redirect,) = store.log(moved["webhook_id"], state="pending", before=None, limit=5)
    assert redirect["last_status"] == 302
    assert len(receiver.got) == 1


def test_a_read_model_that_began_anew_tells_nothing_twice(own: Deployment, receiver: Receiver):
    clock = Clock()
    worker, store = a_worker(own, clock)
    hook = a_webhook(store, receiver.url)
    own.tell(a_verdict(an_upload("a.mp4")))
    worker.step()
    store.change(hook["webhook_id"], reached=10_000)
    assert worker.step() == 0
    own.tell(a_verdict(an_upload("b.mp4")))
    assert worker.step() == 1
    assert len(receiver.got) == 2


def test_finished_deliveries_leave_the_log(own: Deployment, receiver: Receiver):
    clock = Clock()
    worker, store = a_worker(own, clock, webhook_kept_days=2)
    hook = a_webhook(store, receiver.url)
    own.tell(a_verdict(an_upload("a.mp4")))
    worker.step()
    clock.now_s += 3 * 24 * 3600
    worker.step()
    assert store.log(hook["webhook_id"], state=None, before=None, limit=5) == []


def test_pauses_grow_and_spread():
    pauses = [pause_s(number, spread=lambda: 0.0) for number in range(1, 12)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (5.0, 21_600.0)
    assert pause_s(1, spread=lambda: 1.0) == pytest.approx(5.5)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "240.0.0.1"),
    ],
)
def test_networks_that_are_not_the_worlds_are_known(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_public_addresses_are_known(address: str):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://93.184.215.14/", "http://", "//host/", "http://user:word@93.184.215.14/", "http://93.184.215.14:0/"),
        *("http://127.0.0.1/", "http://localhost:9/", "http://[::1]/", "http://2130706433/", "http://0x7f.1/"),
        *("http://[::ffff:169.254.169.254]/", "http://93.184.215.14:99999/", "http://a\nb/"),
    ],
)
def test_addresses_that_no_webhook_may_have_are_refused(own: Deployment, url: str):
    with pytest.raises(ForbiddenTarget):
        address_of(checked_url(url), private=False)
    with pytest.raises(ForbiddenTarget):
        post(url, b"", {}, timeout_s=1.0, private=False)


def test_the_address_that_was_looked_at_is_the_one_connected_to(receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    """A name that resolves to another address at the second look, as an attacker's server would arrange it."""
    import socket

    port = receiver.server.server_address[1]
    asked = []

    def resolve(host: str, *_args: object, **_named: object) -> list[tuple]:
        asked.append(host)
        address = "127.0.0.1" if host in ("rebound.example", "127.0.0.1") and len(asked) < 3 else "203.0.113.9"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    answer = post(f"http://rebound.example:{port}/x", b"{}", {}, timeout_s=5.0, private=True)
    assert answer.status == 200
    assert receiver.got[0][0]["host"] == f"rebound.example:{port}"
    assert asked.count("rebound.example") == 1


def test_operators_register_follow_switch_off_and_remove(own: Deployment, receiver: Receiver):
    own.tell(a_verdict(an_upload("before.mp4")))
    with serving(settings_of(own, webhook_private_targets=True)) as address, client_of(address) as api:
        made = api.post("/v1/webhooks", json={"url": receiver.url, "description": "desk"})
        assert made.status_code == 201, made.text
        hook = made.json()
        path = f"/v1/webhooks/{hook['webhook_id']}"
        assert "secret" not in api.get(path).text
        assert [one["webhook_id"] for one in api.get("/v1/webhooks").json()] == [hook["webhook_id"]]
        verdict = a_verdict(an_upload("after.mp4"))
        own.tell(verdict)
        receiver.wait_for(1)
        headers, body = receiver.got[0]
        assert check(hook["secret"], headers, body)
        assert json.loads(body)["data"]["event_id"] == verdict.event_id
        log = wait_for_state(api, path, "delivered")
        shown = api.get(f"{path}/deliveries/{log[0]['delivery_id']}").json()
        assert ([one["status"] for one in shown["log"]], shown["body"].encode()) == ([200], body)
        again = api.post(f"{path}/deliveries/{log[0]['delivery_id']}/replay")
        assert (again.status_code, again.json()) == (202, {"deliveries": 1})
        receiver.wait_for(2)
        assert api.post(f"{path}/replay").json() == {"deliveries": 0}
        assert api.patch(path, json={"active": False}).json()["active"] is False
        assert api.delete(path).status_code == 204
        assert api.get(path).status_code == 404


def wait_for_state(api: httpx.Client, path: str, state: str) -> list[dict]:
    give_up_s = time.monotonic() + 20
    while not (found := api.get(f"{path}/deliveries", params={"state": state}).json()["deliveries"]):
        assert time.monotonic() < give_up_s
        time.sleep(0.05)
    return found


def test_a_private_address_is_not_registered(own: Deployment):
    with serving(settings_of(own)) as address, client_of(address) as api:
        for url in (
            "http://127.0.0.1:1/x",
            "http://169.254.169.254/latest/meta-data",
            "gopher://x/",
            "http://no.invalid/",
        ):
            refused = api.post("/v1/webhooks", json={"url": url})
            assert (refused.status_code, refused.json()["type"]) == (422, "urn:telltale:problem:unfit-request"), url
        assert api.get("/v1/webhooks").json() == []


def test_the_samples_check_is_the_form_of_standard_webhooks():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = signed_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', now_s=1614265330)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_settings_have_safe_defaults(tmp_path: Path):
    settings = ApiSettings(home=tmp_path)
    assert settings.is_loopback
    assert not settings.webhook_private_targets
    assert settings.origins == ()
