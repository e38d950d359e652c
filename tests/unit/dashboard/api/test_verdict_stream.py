"""Verdict events over HTTP: each once and in order, also across a broken connection, and dead letters beside them."""

import json
from collections.abc import Iterator

import httpx

from contracts.messages import utc_now
from contracts.vocabulary import Lifecycle, Verdict
from dashboard.access import Principal
from tests.support.api_server import client_of, serving, settings_of
from tests.support.items import a_dead_letter, a_probability, a_verdict, an_upload
from tests.support.read_models import Deployment


def events(lines: Iterator[str]) -> Iterator[tuple[str, dict]]:
    number = ""
    for line in lines:
        if line.startswith("id: "):
            number = line.removeprefix("id: ")
        elif line.startswith("data: "):
            yield number, json.loads(line.removeprefix("data: "))


def follow(api: httpx.Client, count: int, *, after: str | None = None, **query: object) -> list[tuple[str, dict]]:
    headers = {"Last-Event-ID": after} if after else {}
    with api.stream("GET", "/v1/verdicts/stream", params=query, headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        told = events(stream.iter_lines())
        return [next(told) for _ in range(count)]


def test_a_broken_stream_goes_on_where_it_was(own: Deployment):
    uploads = [an_upload(f"{number}.mp4") for number in range(6)]
    verdicts = [a_verdict(upload, probability=a_probability(0.2)) for upload in uploads]
    own.tell(*verdicts)
    with serving(settings_of(own)) as address, client_of(address) as api:
        first = follow(api, 2, after="0")
        rest = follow(api, 4, after=first[-1][0])
        assert [said["event_id"] for _, said in (*first, *rest)] == [one.event_id for one in verdicts]
        assert first[0][1]["probability"]["value"] == 0.2
        listed = api.get("/v1/verdicts", params={"limit": 4}).json()
        assert [one["event_id"] for one in listed["events"]] == [one.event_id for one in verdicts[:4]]
        later = api.get("/v1/verdicts", params={"after": listed["next"]}).json()
        assert [one["change"] for one in later["events"]] == [int(number) for number, _ in rest[-2:]]
        assert api.get("/v1/verdicts/stream", headers={"Last-Event-ID": "x"}).status_code == 422


def test_an_event_reaches_every_stream_as_it_comes(own: Deployment):
    own.tell(a_verdict(an_upload("old.mp4")))
    new = a_verdict(an_upload("new.mp4"), Verdict.SOME_EVIDENCE)
    with serving(settings_of(own)) as address, client_of(address) as api:
        with api.stream("GET", "/v1/verdicts/stream") as one, api.stream("GET", "/v1/verdicts/stream") as other:
            own.tell(a_verdict(an_upload("new.mp4"), seq=0, lifecycle=Lifecycle.PROVISIONAL), new)
            for stream in (one, other):
                told = events(stream.iter_lines())
                assert [next(told)[1]["lifecycle"], next(told)[1]["event_id"]] == ["provisional", new.event_id]
        (only,) = follow(api, 1, after="0", lifecycle="final", verdict="some_evidence")
        assert only[1]["event_id"] == new.event_id


def test_a_stream_over_a_read_model_that_began_anew_misses_nothing(own: Deployment):
    own.tell(a_verdict(an_upload("a.mp4")))
    with serving(settings_of(own)) as address, client_of(address) as api:
        ((_, said),) = follow(api, 1, after="999")
        assert said["media_id"] == an_upload("a.mp4").media_id


def test_dead_letters_are_listed_settled_and_not_settled_twice(own: Deployment):
    asked = []

    def settle(letter_id: str, outcome: str, because: str, by: Principal) -> str | None:
        asked.append((letter_id, outcome, because, by.name))
        return "its message was too long to be kept" if outcome == "replayed" else None

    letters = [a_dead_letter(an_upload(f"{number}.mp4")) for number in range(3)]
    own.tell(*letters)
    with serving(settings_of(own), settle=settle) as address, client_of(address) as api:
        page = api.get("/v1/dead-letters", params={"limit": 2, "stage": "extract"}).json()
        more = api.get("/v1/dead-letters", params={"cursor": page["next"], "stage": "extract"}).json()
        ids = [one["dead_letter_id"] for one in (*page["dead_letters"], *more["dead_letters"])]
        assert sorted(ids) == sorted(letter.dead_letter_id for letter in letters)
        first = f"/v1/dead-letters/{letters[0].dead_letter_id}"
        assert api.post(f"{first}/drop", json={"because": " "}).status_code == 422
        assert api.post(f"{first}/drop", json={"because": "a test file"}).json()["settled"] == "dropped"
        assert asked == [(letters[0].dead_letter_id, "dropped", "a test file", "local")]
        left = api.post(f"{first}/replay", json={"because": "mended"})
        assert (left.status_code, "too long" in left.json()["detail"]) == (409, True)
        marker = {"settled": "dropped", "settled_because": "a test file", "settled_at": utc_now()}
        own.tell(letters[0].model_copy(update=marker))
        assert api.get(first).json()["settled"] == "dropped"
        assert api.post(f"{first}/drop", json={"because": "again"}).json()["type"].endswith("already-settled")
        assert len(api.get("/v1/dead-letters").json()["dead_letters"]) == 2
        assert len(api.get("/v1/dead-letters", params={"state": "all"}).json()["dead_letters"]) == 3
        assert api.get("/v1/pipeline").json()["open_dead_letters"] == 2


def test_a_server_of_its_own_says_that_it_settles_nothing(own: Deployment):
    letter = a_dead_letter(an_upload())
    own.tell(letter)
    with serving(settings_of(own)) as address, client_of(address) as api:
        path = f"/v1/dead-letters/{letter.dead_letter_id}/drop"
        assert api.post(path, json={"because": "x"}).status_code == 501
