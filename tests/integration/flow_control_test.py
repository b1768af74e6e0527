"""Flow control: requests wait at their pool's gate, by priority and fairly, and leave it in every way there is."""

import json
import signal
import threading

import pytest

from harness import chat_body, reply, wait_for

POOL = """
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: p}
spec:
  selector: {matchLabels: {app: x}}
  targetPorts: [{number: %(port)d}]
  endpointPickerRef: {name: epp, port: {number: 9002}}
---
apiVersion: v1
kind: Pod
metadata: {name: one, labels: {app: x}, annotations: {weir.dev/address: 127.0.0.1}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: g}]
  rules: [{backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: p}]}]
---
apiVersion: inference.networking.x-k8s.io/v1alpha2
kind: InferenceObjective
metadata: {name: urgent}
spec: {priority: 10, poolRef: {name: p}}
---
apiVersion: inference.networking.x-k8s.io/v1alpha2
kind: InferenceObjective
metadata: {name: batch}
spec: {priority: -10, poolRef: {name: p}}
---
apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
metadata: {name: epp}
featureGates: [flowControl]
plugins:
- {type: concurrency-detector, parameters: {maxConcurrency: 1}}
- {type: round-robin-fairness-policy}
flowControl:
  saturationDetector: {pluginRef: concurrency-detector}
  defaultRequestTTL: %(ttl)s
  enableEviction: %(evicts)s
  priorityBands:
  - {priority: 0, maxRequests: 3, fairnessPolicyRef: round-robin-fairness-policy}
"""


class Held:
    """A model server that answers one request after the other, when the test says so."""

    def __init__(self, upstream):
        self.turns = threading.Semaphore(0)
        self.server = upstream(self.answer)

    def answer(self, exchange):
        assert self.turns.acquire(timeout=20)
        reply(200, b'{"model":"m","choices":[]}')(exchange)

    def order(self):
        return [r.json()["messages"][0]["content"] for r in self.server.requests]

    def let(self, count=1):
        for _ in range(count):
            self.turns.release()


@pytest.fixture
def held(upstream):
    return Held(upstream)


@pytest.fixture
def gated(weir, manifests, held):
    def start(ttl="60s", pods=True, evicts=False, **how):
        text = POOL % {"port": int(held.server.url.rsplit(":", 1)[1]), "ttl": ttl, "evicts": str(evicts).lower()}
        if not pods:
            text = text.replace("app: x}, annotations", "app: y}, annotations")
        return weir("-f", str(manifests({"all.yaml": text})), **how)

    return start


UNDER_WAY = []  # a connection that nobody holds any more is closed, and its request cancelled


@pytest.fixture(autouse=True)
def close_connections():
    yield
    while UNDER_WAY:
        UNDER_WAY.pop().close()


def send(gateway, content, **headers):
    """A request under way: its connection, to read the answer from later."""
    connection = gateway.connect(timeout=20)
    UNDER_WAY.append(connection)
    body = json.dumps(chat_body(content)).encode()
    fields = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
    connection.send(f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{fields}"
                    f"content-length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def waiting(gateway):
    queues = json.loads(gateway.admin("GET", "/v1/queues").text)
    return sum(q["requests"] for q in queues["queues"])


def fill(gateway, held):
    """One request at the endpoint, so that the next ones wait."""
    first = send(gateway, "first")
    held.server.wait_requests(1)
    return first


def queue(gateway, content, depth, **headers):
    connection = send(gateway, content, **headers)
    wait_for(lambda: waiting(gateway) == depth, f"{depth} waiting")
    return connection


def test_a_full_pool_makes_requests_wait_and_the_highest_priority_goes_first(gated, held):
    gateway = gated()
    all_of_them = [fill(gateway, held),
                   queue(gateway, "batch", 1, x_gateway_inference_objective="batch"),
                   queue(gateway, "plain", 2),
                   queue(gateway, "urgent", 3, x_llm_d_inference_objective="urgent")]
    bands = json.loads(gateway.admin("GET", "/v1/queues").text)["bands"]
    assert [(b["priority"], b["requests"]) for b in bands] == [(10, 1), (0, 1), (-10, 1)]
    held.let(4)
    for connection in all_of_them:
        assert connection.read_answer().status == 200
    assert held.order() == ["first", "urgent", "plain", "batch"]
    assert gateway.metric("llm_d_epp_flow_control_requests_total", outcome="Dispatched") == 4
    assert waiting(gateway) == 0
    ends = json.loads(gateway.admin("GET", "/v1/endpoints").text)["endpoints"]
    assert [e["inFlight"] for e in ends] == [0]


def test_flows_of_one_band_take_turns(gated, held):
    gateway = gated()
    fill(gateway, held)
    for i, (content, flow) in enumerate((("a1", "a"), ("a2", "a"), ("b1", "b"))):
        queue(gateway, content, i + 1, x_gateway_inference_fairness_id=flow)
    held.let(4)
    wait_for(lambda: len(held.order()) == 4, "all of them")
    assert held.order() == ["first", "a1", "b1", "a2"]


def test_a_full_queue_refuses_at_once(gated, held):
    gateway = gated()
    fill(gateway, held)
    for i in range(3):
        queue(gateway, f"w{i}", i + 1)
    refused = send(gateway, "too many").read_answer()
    assert refused.status == 429
    assert refused.text == ("inference gateway: InferencePoolResourceExhausted - request rejected pre-queue: "
                            "queue at capacity")
    assert refused.header("x-weir-reason") == refused.header("x-llm-d-request-dropped-reason") == "rejected-saturated"
    assert int(refused.header("retry-after")) >= 1
    held.let(4)


def test_waiting_too_long_is_a_429(gated, held):
    gateway = gated(ttl="300ms")
    fill(gateway, held)
    late = queue(gateway, "late", 1).read_answer()
    assert (late.status, late.header("x-weir-reason")) == (429, "rejected-ttl-expired")
    assert late.text.endswith("request timed out in queue: request evicted from queue: request TTL expired")
    held.let(1)


def test_an_empty_pool_makes_requests_wait_and_then_says_so(gated, held):
    gateway = gated(ttl="300ms", pods=False)
    answer = send(gateway, "nobody").read_answer()
    assert (answer.status, answer.header("x-weir-reason")) == (503, "rejected-no-endpoints")
    assert answer.text.endswith("request TTL expired: no endpoints available")


def test_a_client_that_goes_gives_its_place_back(gated, held):
    gateway = gated()
    fill(gateway, held)
    gone = queue(gateway, "gone", 1)
    stays = queue(gateway, "stays", 2)
    gone.reset()
    wait_for(lambda: waiting(gateway) == 1, "the place")
    held.let(2)
    assert stays.read_answer().status == 200
    assert held.order() == ["first", "stays"]
    assert gateway.metric("llm_d_epp_flow_control_requests_total", outcome="EvictedContextCancelled") == 1


def test_leaving_sends_away_who_waits_and_finishes_who_is_served(gated, held):
    gateway = gated()
    served = fill(gateway, held)
    waits = queue(gateway, "waits", 1)
    gateway.signal(signal.SIGTERM)
    refused = waits.read_answer()
    assert (refused.status, refused.header("x-weir-reason")) == (503, "rejected-shutting-down")
    held.let(1)
    assert served.read_answer().status == 200
    assert gateway.wait_exit() == 0


def test_the_queue_outlives_a_reload(gated, held):
    gateway = gated()
    fill(gateway, held)
    waits = queue(gateway, "waits", 1)
    assert gateway.admin("POST", "/v1/reload").status == 200
    assert waiting(gateway) == 1
    held.let(2)
    assert waits.read_answer().status == 200


def test_a_sheddable_request_under_way_makes_room_for_one_that_matters_more(gated, held):
    gateway = gated(evicts=True)
    victim = send(gateway, "victim", x_llm_d_inference_objective="batch")
    held.server.wait_requests(1)
    urgent = send(gateway, "urgent", x_llm_d_inference_objective="urgent")
    answer = victim.read_answer()
    assert (answer.status, answer.text) == (429, "request evicted by flow control")
    assert answer.header("x-weir-reason") == answer.header("x-llm-d-request-dropped-reason") == "evicted"
    held.server.wait_requests(2)
    # Nothing is ended for who matters as little, and nothing that is not negative.
    more = queue(gateway, "more", 1, x_llm_d_inference_objective="urgent")
    held.let(3)  # the server still holds the victim
    assert urgent.read_answer().status == more.read_answer().status == 200
    assert held.order() == ["victim", "urgent", "more"]
    page = gateway.admin("GET", "/metrics").text
    assert 'llm_d_epp_flow_control_revocations_issued_total{inference_pool="p",priority="10"} 1' in page
    assert 'llm_d_epp_flow_control_revocations_total{inference_pool="p",outcome="confirmed"} 1' in page
    assert 'llm_d_epp_flow_control_revocation_confirmation_seconds_count{inference_pool="p"} 1' in page
