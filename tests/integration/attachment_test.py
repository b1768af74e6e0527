"""Which routes a Gateway takes, which picker and which pool serve them: traffic, and the conditions beside it."""

import json
import time

import pytest

from harness import echo, free_port, run_weir, wait_for
from harness.manifest import (gateway, grant, listener, listing, path, pool, resource, route, rule, service, to_pool,
                              to_service)

ALL = {"namespaces": {"from": "All"}}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def serve(weir, manifests, upstream):
    """serve(*resources, to="ab") serves them, with a Service a letter; returns the process."""

    def start(*resources, to="ab", flags=()):
        services = [item for name in to for item in service(name, upstream(echo(name)))]
        ports = {80: free_port(), 81: free_port()}
        mapped = [f for a, b in ports.items() for f in ("--port-map", f"{a}={b}")]
        text = listing(*services, *resources)
        process = weir("-f", manifests({"all.json": text}), *mapped, *flags)
        process.port, process.ports, process.text = ports[80], ports, text
        return process

    return start


def ask(process, target="/", host="any.example", port=80):
    """The name of the Service that answered, or the status of weir's own answer."""
    process.port = process.ports[port]
    answer = process.get(target, {"Host": host})
    return answer.json()["server"] if answer.status == 200 else answer.status


def statuses(process):
    items = process.admin("GET", "/v1/status").json()["items"]
    return {(i["kind"], i["metadata"].get("namespace", ""), i["metadata"]["name"]): i["status"] for i in items}


def parents(process, name, namespace="default"):
    """{condition type: reason} of the route's parents, in order; a False condition has its reason behind a `!`."""
    found = statuses(process)["HTTPRoute", namespace, name]["parents"]
    return [{c["type"]: ("" if c["status"] == "True" else "!") + c["reason"] for c in p["conditions"]} for p in found]


def attached(process, name="gateway"):
    return {x["name"]: x["attachedRoutes"] for x in statuses(process)["Gateway", "default", name]["listeners"]}


def space(name, **labels):
    return resource("v1", "Namespace", name, metadata={"labels": labels, "namespace": ""})


def test_section_name_and_port_choose_the_listener(serve):
    process = serve(
        gateway(listener("one", 80), listener("two", 81)),
        route(rule(to_service("a")), name="by-section", parent={"name": "gateway", "sectionName": "two"}),
        route(rule(to_service("b")), name="by-port", parent={"name": "gateway", "port": 80}),
        route(rule(to_service("b")), name="by-both", parent={"name": "gateway", "sectionName": "one", "port": 81}),
        route(rule(to_service("b")), name="no-section", parent={"name": "gateway", "sectionName": "three"}))
    assert [ask(process, port=p) for p in (80, 81)] == ["b", "a"]
    good = {"Accepted": "Accepted", "ResolvedRefs": "ResolvedRefs"}
    assert parents(process, "by-section") == parents(process, "by-port") == [good]
    assert [parents(process, n)[0]["Accepted"] for n in ("by-both", "no-section")] == ["!NoMatchingParent"] * 2
    assert attached(process) == {"one": 1, "two": 1}


def test_allowed_routes_are_asked_for_namespace_and_kind(serve):
    selector = {"matchLabels": {"tier": "x"}, "matchExpressions": [{"key": "old", "operator": "DoesNotExist"}]}
    where = {"same": {"from": "Same"}, "all": {"from": "All"}, "none": {"from": "None"},
             "labels": {"from": "Selector", "selector": selector},
             "name": {"from": "Selector", "selector": {"matchLabels": {"kubernetes.io/metadata.name": "far"}}}}
    listeners = [listener(name, 80, hostname=f"{name}.example", allowedRoutes={"namespaces": namespaces})
                 for name, namespaces in where.items()]
    listeners.append(listener("grpc", 80, hostname="grpc.example", allowedRoutes={"kinds": [{"kind": "GRPCRoute"}]}))
    spaces = [space("labelled", tier="x"), space("older", tier="x", old="1")]
    home = {"name": "gateway", "namespace": "default"}
    targets = [route(rule(to_service("a", namespace="default")), name="r", namespace=n, parent=home)
               for n in ("default", "far", "labelled", "older")]
    # Another namespace needs no grant for its Gateway, only for its Service.
    grants = [grant("default", ("", "Service"), source=n, name=n) for n in ("far", "labelled", "older")]
    process = serve(gateway(*listeners), *spaces, *targets, *grants)
    assert attached(process) == {"same": 1, "all": 4, "none": 0, "labels": 1, "name": 1, "grpc": 0}
    assert [ask(process, host=f"{n}.example") for n in ("same", "all", "labels", "name", "none", "grpc")] == [
        "a", "a", "a", "a", 404, 404]
    listed = {x["name"]: x for x in statuses(process)["Gateway", "default", "gateway"]["listeners"]}
    assert listed["grpc"]["supportedKinds"] == []
    assert ["InvalidRouteKinds"] == [c["reason"] for c in listed["grpc"]["conditions"] if c["type"] == "ResolvedRefs"]
    alone = serve(gateway(listener(allowedRoutes={"namespaces": {"from": "None"}})), route(rule(to_service("a"))))
    assert parents(alone, "route")[0]["Accepted"] == "!NotAllowedByListeners"
    assert ask(alone) == 404


def test_hostnames_of_listener_and_route_intersect(serve):
    rows = {"exact": ("test.example.com", ["*.example.com"]), "wide": ("*.wide.example", ["b.wide.example", "x.org"]),
            "deep": ("*.deep.example", ["*.foo.deep.example"]), "apex": ("*.apex.example", ["apex.example"]),
            "all": ("only.listener.example", [])}
    process = serve(
        gateway(*[listener(name, 80, hostname=host) for name, (host, _) in rows.items()]),
        *[route(rule(to_service("a")), name=name, parent={"name": "gateway", "sectionName": name},
                **({"hostnames": hosts} if hosts else {})) for name, (_, hosts) in rows.items()])
    served = {"test.example.com": "a", "other.example.com": 404, "b.wide.example": "a", "c.wide.example": 404,
              "x.org": 404, "a.foo.deep.example": "a", "b.a.foo.deep.example": "a", "a.deep.example": 404,
              "foo.deep.example": 404, "apex.example": 404, "only.listener.example": "a", "Test.Example.Com:80": "a"}
    assert {host: ask(process, host=host) for host in served} == served
    assert parents(process, "apex")[0]["Accepted"] == "!NoMatchingListenerHostname"
    assert parents(process, "wide")[0]["Accepted"] == "Accepted"


def test_two_gateways_share_an_address_and_port_but_not_a_hostname(serve):
    def one(name, host):
        return [gateway(listener(hostname=host), name=name),
                route(rule(to_service(name)), name=name, parent={"name": name})]

    process = serve(*one("a", "a.example"), *one("b", "b.example"))
    assert [ask(process, host=h) for h in ("a.example", "b.example", "c.example")] == ["a", "b", 404]
    same = serve(*one("a", "a.example"), *one("b", "a.example"), gateway(listener(hostname="c.example"), name="c"),
                 route(rule(to_service("a")), name="c", parent={"name": "c"}))
    assert [ask(same, host=h) for h in ("a.example", "c.example")] == [404, "a"]
    conflicted = statuses(same)["Gateway", "default", "a"]["listeners"][0]["conditions"]
    assert {(c["type"], c["status"], c["reason"]) for c in conflicted} >= {("Conflicted", "True", "HostnameConflict")}


def test_invalid_references_keep_their_share_and_the_others_theirs(serve):
    process = serve(gateway(), route(
        rule(to_service("a", weight=3), to_service("missing", weight=1), to_service("b", weight=0)),
        rule(to_service("a", weight=0), matches=[path("/zero")]),
        rule(matches=[path("/nothing")])), flags=["--seed", "1", "--threads", "1"])
    with process.connect() as connection:
        seen = [connection.request("GET", "/x", None, {}).status for _ in range(400)]
    assert set(seen) == {200, 500} and 60 <= seen.count(500) <= 140
    assert [ask(process, t) for t in ("/zero", "/nothing")] == [500, 500]
    assert parents(process, "route") == [{"Accepted": "Accepted", "ResolvedRefs": "!BackendNotFound"}]


def test_a_grant_counts_only_as_a_whole_and_hides_what_it_does_not_allow(serve, upstream):
    far = service("far", upstream(echo("far")), namespace="far")
    part = grant("far", ("", "Secret"), name="part")
    other = grant("far", ("", "Service"), source="elsewhere", name="other")
    to = route(rule(to_service("far", namespace="far"), matches=[path("/there")]),
               rule(to_service("gone", namespace="far"), matches=[path("/gone")]))
    process = serve(gateway(), *far, part, other, to)
    assert [ask(process, t) for t in ("/there", "/gone")] == [500, 500]
    assert parents(process, "route")[0]["ResolvedRefs"] == "!RefNotPermitted"
    named = grant("far", ("", "Service"))
    named["spec"]["to"][0]["name"] = "far"
    process = serve(gateway(), *far, named, to)
    assert [ask(process, t) for t in ("/there", "/gone")] == ["far", 500]


def test_a_pool_of_another_namespace_needs_a_grant(serve, upstream):
    far = [*pool("far", upstream(echo("far")), namespace="far"), route(rule(to_pool("far", namespace="far")))]
    assert ask(serve(gateway(), *far), "/") == 500
    allowed = grant("far", ("inference.networking.k8s.io", "InferencePool"))
    assert ask(serve(gateway(), *far, allowed), "/") == "far"


def picker(*types, name=None):
    head = {"apiVersion": "llm-d.ai/v1alpha1", "kind": "EndpointPickerConfig",
            **({"metadata": {"name": name}} if name else {})}
    return {**head, "plugins": [{"type": t} for t in types]}


def carrier(config, name="epp", namespace="default"):
    return resource("v1", "ConfigMap", name, namespace, data={"picker.yaml": json.dumps(config), "other": "a: [b"})


def test_which_picker_configuration_serves_a_pool(serve, upstream, tmp_path):
    server = upstream(echo("m"))
    flag = tmp_path / "flag.yaml"
    flag.write_text(json.dumps(picker("kv-cache-utilization-scorer")))
    with_ref = {"endpointPickerRef": {"name": "epp", "port": {"number": 9002}}}
    pools = [*pool("p", server, **with_ref), route(rule(to_pool("p"))), gateway()]
    in_map = carrier(picker("queue-scorer"))
    named = picker("running-requests-size-scorer", name="epp")
    nameless = picker("lora-affinity-scorer")
    elsewhere = carrier(picker("queue-scorer"), namespace="other")
    anothers = picker("queue-scorer", name="not-epp")
    rows = [([in_map, named, nameless], "queue-scorer"), ([named, nameless], "running-requests-size-scorer"),
            ([elsewhere, anothers, nameless], "lora-affinity-scorer"), ([anothers], "kv-cache-utilization-scorer")]
    for documents, wanted in rows:
        process = serve(*pools, *documents, flags=["--config-file", flag])
        shown = json.dumps(process.admin("GET", "/v1/pools").json())
        found = {t for t in ("queue-scorer", "running-requests-size-scorer", "lora-affinity-scorer",
                             "kv-cache-utilization-scorer") if f'"{t}"' in shown}
        assert found == {wanted}, shown
        process.stop()
    two = [(nameless, nameless), (named, named)]
    for documents in two:
        text = listing(*pools, *documents)
        done = run_weir("check", "-f", "-", "--format", "json", stdin=text)
        assert done.returncode == 4
        assert {f["code"] for f in json.loads(done.stdout)["findings"] if f["severity"] == "error"} == {"WEIR0334"}


def test_a_pool_of_the_older_shape_serves_and_belongs_to_its_own_group(serve, upstream):
    server = upstream(echo("old"))
    host, _, number = server.address.rpartition(":")
    old = resource("inference.networking.x-k8s.io/v1alpha2", "InferencePool", "old",
                   spec={"selector": {"app": "old"}, "targetPortNumber": int(number), "extensionRef": {"name": "epp"}})
    pod = resource("v1", "Pod", "old-0", metadata={"labels": {"app": "old"}}, status={"podIP": host})
    mine = {**to_pool("old"), "group": "inference.networking.x-k8s.io"}
    process = serve(gateway(), old, pod, route(rule(mine, matches=[path("/mine")]), rule(to_pool("old"))))
    assert [ask(process, t) for t in ("/mine", "/v1")] == ["old", 500]


def test_check_and_the_admin_api_show_the_same_conditions(serve):
    process = serve(gateway(listener(hostname="*.example"), listener("tcp", 82, protocol="TCP")),
                    route(rule(to_service("a"), to_service("missing")), hostnames=["a.example"]),
                    route(rule(to_service("a")), name="lost", hostnames=["a.org"]))
    live = process.admin("GET", "/v1/status").json()
    checked = json.loads(run_weir("check", "-f", "-", "--format", "json", stdin=process.text).stdout)["status"]

    def comparable(report):
        text = json.dumps([i["status"] for i in report["items"]], sort_keys=True)
        return [x for x in text.split('"') if not x.startswith("20")]

    assert comparable(live) == comparable(checked)
    assert live["apiVersion"] == "v1" and live["kind"] == "List"
    parent = statuses(process)["HTTPRoute", "default", "route"]["parents"][0]
    assert parent["parentRef"]["name"] == "gateway" and parent["controllerName"]
    assert {"type", "status", "reason", "message"} <= set(parent["conditions"][0])


def test_a_reload_takes_what_an_editor_leaves_at_any_moment(serve, tmp_path):
    """Half-written, renamed over, gone and back: never an answer but 200, and in the end what was meant."""
    process = serve(gateway(), route(rule(to_service("a"))))
    file = tmp_path / "manifests" / "all.json"
    changed = json.loads(process.text)
    changed["items"][-1]["spec"]["rules"][0]["backendRefs"][0]["name"] = "b"
    after = json.dumps(changed)
    with process.connect() as connection:

        def steady(seconds=0.4):
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                assert connection.request("GET", "/", None, {}).status == 200

        file.write_text(after[:len(after) // 2])
        steady()
        file.unlink()
        file.with_name(".all.json.swp").write_text(after)
        steady()
        file.with_name(".all.json.swp").rename(file)
        wait_for(lambda: connection.request("GET", "/", None, {}).json()["server"] == "b", "the new file")
