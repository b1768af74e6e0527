"""Who may be picked, and why not: down, loading, ejected, drained, as clients and /v1/endpoints see it."""

import threading
import time

from harness import Upstream, free_port, reply, wait_for
from harness.endpoints import endpoints

LOADING = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}


def state_of(gateway, server):
    return next(e for e in endpoints(gateway).values() if e["address"] == server.address)


def chats(gateway, count):
    """The answers to questions that no endpoint has seen before."""
    return [gateway.chat(f"{time.monotonic_ns()} question {i}").status for i in range(count)]


def two(*servers):
    return [w for s in servers for w in ("--endpoint", s.url)]


def test_three_connect_failures_mark_down_and_a_probe_brings_back(weir):
    port = free_port()
    gateway = weir("--endpoint", f"http://127.0.0.1:{port}", "--threads", "1")
    answers = [gateway.chat("x") for _ in range(5)]
    assert all(a.status == 503 for a in answers)
    refused = [a.text for a in answers if "Connection refused" in a.text]
    assert len(refused) == 3 and {a.text for a in answers} - set(refused) == {"no healthy upstream"}
    shown = next(iter(endpoints(gateway).values()))  # at once: what the picker knows is shown
    assert shown["state"] == "down"
    assert "3 connect failures in a row" in shown["reason"] or "refused" in shown["reason"]
    assert shown["since"].endswith("Z") and shown["sinceSeconds"] < 30
    with Upstream(reply(200, {"ok": True}), port=port) as server:
        wait_for(lambda: gateway.chat("x").status == 200, "back", 5)
        shown = state_of(gateway, server)
        assert shown["state"] == "ready" and "answered 200" in shown["reason"] and shown["slowStart"] is True
        assert [r.target for r in server.requests].count("/health") >= 1


def test_a_dead_endpoint_among_others_costs_clients_nothing(weir, upstream):
    server, dead = upstream(reply(200, {})), f"http://127.0.0.1:{free_port()}"
    gateway = weir("--endpoint", server.url, "--endpoint", dead)
    assert set(chats(gateway, 30)) == {200}
    assert {r.target for r in server.requests} == {"/v1/chat/completions"}   # an endpoint that serves is not probed


def test_a_server_whose_model_loads_gets_no_request_until_it_is_done(weir, upstream):
    """As llama-server does it: the port is open, everything answers 503."""
    ready, loading = upstream(reply(200, {})), upstream(reply(503, LOADING))
    loading.metrics = None
    loading.pages["/metrics"] = loading.pages["/health"] = reply(503, LOADING)
    gateway = weir(*two(ready, loading))
    wait_for(lambda: state_of(gateway, loading)["state"] == "loading", "loading")
    assert "answered 503" in state_of(gateway, loading)["reason"]
    assert set(chats(gateway, 20)) == {200} and loading.requests == []   # nor does weir look for its page elsewhere
    loading.scripts = [reply(200, {})]
    loading.pages.clear()
    loading.pages["/health"] = reply(200, {"status": "ok"})
    loading.set_metrics()
    wait_for(lambda: state_of(gateway, loading)["state"] == "ready", "loaded")
    wait_for(lambda: chats(gateway, 4) and loading.requests, "its first request", 20)


def test_a_pool_that_only_loads_says_so_and_comes_up(weir, upstream):
    server = upstream(reply(503, LOADING))
    server.pages["/metrics"] = server.pages["/health"] = reply(503, LOADING)
    gateway = weir("--endpoint", server.url)
    wait_for(lambda: state_of(gateway, server)["state"] == "loading", "loading")
    assert gateway.chat("x").text == "no healthy upstream"
    server.scripts = [reply(200, {})]
    server.pages["/health"] = reply(200, {"status": "ok"})
    wait_for(lambda: gateway.chat("x").status == 200, "loaded")


def test_an_engine_that_sleeps_gets_no_request_while_others_are_awake(weir, upstream):
    """vLLM's sleep mode: its health page stays content, its metrics page tells."""
    def page(awake):
        return "".join(f'vllm:engine_sleep_state{{engine="0",model_name="m",sleep_state="{word}"}} {float(on)}\n'
                       for word, on in (("awake", awake), ("weights_offloaded", not awake), ("discard_all", False)))

    awake, sleeper = upstream(reply(200, {})), upstream(reply(200, {}))
    awake.set_metrics(extra=page(True))
    sleeper.set_metrics(extra=page(False))
    gateway = weir(*two(awake, sleeper))
    wait_for(lambda: state_of(gateway, sleeper)["state"] == "asleep", "asleep")
    assert "sleeps" in state_of(gateway, sleeper)["reason"] and state_of(gateway, awake)["state"] == "ready"
    assert set(chats(gateway, 12)) == {200} and sleeper.requests == []
    sleeper.set_metrics(extra=page(True))
    wait_for(lambda: state_of(gateway, sleeper)["state"] == "ready", "awake again")
    for server in (awake, sleeper):   # a pool that sleeps as a whole is still asked: its servers know best what to say
        server.set_metrics(extra=page(False))
    wait_for(lambda: sorted(state_of(gateway, s)["state"] for s in (awake, sleeper)) == ["asleep", "ready"], "one is left")
    assert set(chats(gateway, 4)) == {200}


def test_a_server_that_answers_503_to_everything_still_answers(weir, upstream):
    server = upstream(reply(503, {"detail": "engine dead"}))
    server.metrics = None
    server.pages["/metrics"] = server.pages["/health"] = reply(503, "")
    gateway = weir("--endpoint", server.url)
    wait_for(lambda: server.page_hits["/health"] >= 1, "a probe")
    for _ in range(8):
        assert gateway.chat("x").json() == {"detail": "engine dead"}


def test_failed_answers_in_a_row_eject_and_time_brings_back(weir, upstream):
    good, bad = [upstream(reply(200, {})) for _ in range(3)], upstream(reply(500, {"error": "x"}))
    gateway = weir(*two(*good, bad), "--threads", "1", "--picker-preset", "reference")
    wait_for(lambda: chats(gateway, 4) and state_of(gateway, bad)["state"] == "ejected", "ejected", 30)
    shown = state_of(gateway, bad)
    assert "failed answers (5xx) in a row" in shown["reason"] and shown["ejections"] == 1
    assert set(chats(gateway, 12)) == {200}
    bad.scripts = [reply(200, {})]
    wait_for(lambda: state_of(gateway, bad)["state"] == "ready", "back", 15)
    assert state_of(gateway, bad)["slowStart"] is True


def test_a_server_that_fails_fast_is_out_after_five_answers_not_at_the_next_tick(weir, upstream):
    good, bad = [upstream(reply(200, {})) for _ in range(2)], upstream(reply(500, {"error": "x"}))
    gateway = weir(*two(*good, bad), "--threads", "1", "--picker-preset", "reference")
    answers = chats(gateway, 120)
    # Five, and those that come while the control thread hears of it; the tick alone let 40 through.
    assert 5 <= answers.count(500) < 20
    assert set(answers[-40:]) == {200}


def test_never_more_than_half_of_a_pool_is_ejected_nor_its_last_endpoint(weir, upstream):
    bad = [upstream(reply(500, {"error": "x"})) for _ in range(4)]
    gateway = weir(*two(*bad), "--threads", "1")

    def states():
        assert set(chats(gateway, 4)) == {500}
        return sorted(e["state"] for e in endpoints(gateway).values())

    wait_for(lambda: states() == ["ejected", "ejected", "ready", "ready"], "half of them ejected")
    assert all(states().count("ejected") <= 2 for _ in range(20))
    alone = upstream(reply(500, {"error": "x"}))
    single = weir("--endpoint", alone.url)
    assert set(chats(single, 12)) == {500} and state_of(single, alone)["state"] == "ready"


def test_ejection_can_be_switched_off(weir, upstream):
    good, bad = [upstream(reply(200, {})) for _ in range(3)], upstream(reply(500, {"error": "x"}))
    gateway = weir(*two(*good, bad), "--eject-after", "0", "--threads", "1")
    wait_for(lambda: chats(gateway, 4) and state_of(gateway, bad)["serverErrors"] >= 8, "eight failures", 30)
    assert state_of(gateway, bad)["state"] == "ready"


def test_a_drained_endpoint_gets_no_new_request_and_its_stream_ends(weir, upstream):
    release = threading.Event()
    slow = upstream(lambda e: (release.wait(10), reply(200, {"late": True})(e)))
    other = upstream(reply(200, {}))
    gateway = weir("--endpoint", slow.url)
    answer = {}
    thread = threading.Thread(target=lambda: answer.update(got=gateway.chat("slow")))
    thread.start()
    slow.wait_requests(1)
    post = lambda **body: gateway.admin("POST", "/v1/endpoints", body)
    assert post(action="add", address=other.address, name="other").status == 200
    name = next(n for n, e in endpoints(gateway).items() if e["address"] == slow.address)
    assert post(action="drain", id=f"default/{name}").status == 200
    assert state_of(gateway, slow)["state"] == "draining"
    assert set(chats(gateway, 10)) == {200} and len(slow.requests) == 1
    release.set()
    thread.join()
    assert answer["got"].json() == {"late": True}
    assert post(action="undrain", id=f"default/{name}").status == 200
    assert state_of(gateway, slow)["state"] == "ready"
    assert post(action="remove", id="default/other").status == 200
    assert [e["address"] for e in endpoints(gateway).values()] == [slow.address]
    for body, status in (({"action": "fly"}, 400), ({"action": "drain"}, 400), ({"action": "drain", "id": "default/none"}, 404),
                         ({"action": "add", "address": "nowhere"}, 400), ({"action": "add", "address": "a:99999"}, 400)):
        assert post(**body).status == status, body
