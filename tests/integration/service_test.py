"""Routes to a Service: plain balancing, whatever the body says."""

import threading

import pytest

from harness import echo, free_port, wait_for
from harness.manifest import gateway as gateway_of
from harness.manifest import grant, listing, path, pool, resource, route, rule, service, to_pool, to_service


@pytest.fixture
def serve(weir, manifests):
    def start(*resources, flags=()):
        port = free_port()
        process = weir("-f", manifests({"all.json": listing(gateway_of(), *resources)}), "--port-map", f"80={port}", *flags)
        process.port = port
        return process

    return start


def pod(name, server, namespace="default", **labels):
    return resource("v1", "Pod", name, namespace, metadata={"labels": labels or {"app": "web"},
                                                             "annotations": {"weir.dev/address": server.address}})


def test_bodies_are_not_read_and_idle_endpoints_come_first(serve, upstream):
    release = threading.Event()

    def hold(exchange):
        assert release.wait(20)
        echo("held")(exchange)

    servers = [upstream([hold, echo("a")]), upstream([hold, echo("b")])]
    gateway = serve(*service("web", *servers), route(rule(to_service("web"))))
    with gateway.connect() as busy:
        busy.send("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n{{{")
        wait_for(lambda: servers[0].requests or servers[1].requests, "the request that keeps an endpoint busy")
        held = servers[0] if servers[0].requests else servers[1]
        other = servers[1 - servers.index(held)]
        other.scripts = [echo("free")]
        for _ in range(10):
            assert gateway.post("/v1/chat/completions", "no model, no JSON").json()["server"] == "free"
        release.set()
        assert busy.read_answer().json()["body"] == "{{{"
    assert len(held.requests) == 1


def test_endpoints_come_from_slices_or_from_the_pods_of_the_selector(serve, upstream):
    by_slice, by_pod, by_name = upstream(echo("slice")), upstream(echo("pod")), upstream(echo("name"))
    not_ready = resource("v1", "Pod", "ill", metadata={"labels": {"app": "web"}, "annotations": {
        "weir.dev/address": "127.0.0.1:9"}}, status={"conditions": [{"type": "Ready", "status": "False"}]})
    named = resource("v1", "Pod", "named", metadata={"labels": {"app": "named"}},
                     spec={"containers": [{"name": "c", "ports": [{"name": "api", "containerPort": by_name.port}]}]},
                     status={"podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]})
    gateway = serve(
        *service("sliced", by_slice), pod("good", by_pod), not_ready, named,
        resource("v1", "Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]}),
        resource("v1", "Service", "named", spec={"selector": {"app": "named"},
                                                  "ports": [{"port": 8080, "targetPort": "api"}]}),
        resource("v1", "Service", "nobody", spec={"selector": {"app": "nobody"}, "ports": [{"port": 80}]}),
        route(rule(to_service("sliced"), matches=[path("/slice")]), rule(to_service("web"), matches=[path("/pod")]),
              rule(to_service("named", 8080), matches=[path("/name")]),
              rule(to_service("nobody"), matches=[path("/nobody")])))
    for name in ("slice", "pod", "name"):
        assert {gateway.get(f"/{name}").json()["server"] for _ in range(5)} == {name}
    answer = gateway.get("/nobody")
    assert (answer.status, answer.text, answer.header("x-weir-reason")) == (503, "no healthy upstream", "no-endpoints")


def test_a_port_is_the_tcp_one_of_its_number_and_name(serve, upstream):
    one, two = upstream(echo("one")), upstream(echo("two"))
    ports = [{"name": "dns", "port": 80, "protocol": "UDP"}, {"name": "web", "port": 80}, {"name": "alt", "port": 81},
             {"name": "only-udp", "port": 82, "protocol": "UDP"}]
    slices = resource("discovery.k8s.io/v1", "EndpointSlice", "s-1", addressType="IPv4",
                      metadata={"labels": {"kubernetes.io/service-name": "s"}}, endpoints=[{"addresses": ["127.0.0.1"]}],
                      ports=[{"name": "dns", "port": 9, "protocol": "UDP"}, {"name": "web", "port": one.port},
                             {"name": "alt", "port": two.port}, {"name": "only-udp", "port": 9, "protocol": "UDP"}])
    gateway = serve(resource("v1", "Service", "s", spec={"ports": ports}), slices,
                    route(*[rule(to_service("s", n), matches=[path(f"/{n}")]) for n in (80, 81, 82)]))
    assert [gateway.get(f"/{n}").json()["server"] for n in (80, 81)] == ["one", "two"]
    assert gateway.get("/82").status == 500


@pytest.mark.parametrize("conditions, taken", [
    (None, True), ({}, True), ({"ready": True}, True), ({"ready": False}, False),
    ({"ready": True, "serving": True, "terminating": True}, False),
    ({"ready": False, "serving": True, "terminating": True}, False)])
def test_an_endpoint_of_a_slice_is_taken_when_it_is_ready_and_stays(serve, upstream, conditions, taken):
    items = service("web", upstream(echo("web")))
    if conditions is not None:
        items[1]["endpoints"][0]["conditions"] = conditions
    answer = serve(*items, route(rule(to_service("web")))).get("/")
    assert answer.status == (200 if taken else 503)


def test_another_namespace_needs_a_grant_for_the_kind(serve, upstream, manifests):
    server = upstream(echo("far"))
    rules = route(rule(to_service("web", namespace="far"), matches=[path("/service")]),
                  rule(to_pool("llm", namespace="far"), matches=[path("/pool")]))
    objects = [*service("web", server, namespace="far"), *pool("llm", server, namespace="far"), rules]
    gateway = serve(*objects, grant("far", ("", "Service")))
    assert gateway.get("/service").status == 200
    answer = gateway.get("/pool")
    assert (answer.status, answer.text) == (500, "fault filter abort")
    # A grant takes effect, and loses it, while the process runs.
    manifests({"all.json": listing(gateway_of(), *objects, grant("far", ("inference.networking.k8s.io",
                                                                               "InferencePool")))})
    gateway.admin("POST", "/v1/reload", {}, {"Content-Type": "application/json"})
    assert gateway.get("/pool").status == 200
    assert gateway.get("/service").status == 500


def test_pools_and_services_share_a_rule(serve, upstream):
    """The pool's share is read as inference requests, the Service's is not."""
    model_server, web = upstream(echo("pool")), upstream(echo("service"))
    gateway = serve(*pool("llm", model_server), *service("web", web),
                    route(rule(to_pool("llm"), to_service("web"))), flags=["--seed", "3", "--threads", "1"])
    answers = [gateway.post("/v1/completions", {"prompt": "no model"}) for _ in range(40)]
    assert {a.status for a in answers} == {200, 400}
    assert {a.json()["server"] for a in answers if a.status == 200} == {"service"}
    assert model_server.requests == []
