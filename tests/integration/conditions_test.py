"""Every reason that the Gateway API has for a condition, produced by `weir check` on manifests that give cause for it."""

import base64
import json

import pytest

from harness import run_weir
from harness.certificates import certificate
from harness.manifest import gateway, listener, listing, pool, resource, route, rule, to_pool, to_service

CA = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"


def https(name="https", port=443, secret="missing", **members):
    return {"name": name, "port": port, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": secret}]}, **members}


def checked(clients):
    """An HTTPS Gateway whose clients must show certificates of these references."""
    return gateway(https(), tls={"frontend": {"default": {"validation": {"caCertificateRefs": clients}}}})


TO_SERVICE = rule(to_service("a"))
H2C = resource("v1", "Service", "a", spec={"ports": [{"port": 80, "appProtocol": "kubernetes.io/h2c"}]})
SERVICE = resource("v1", "Service", "a", spec={"selector": {"app": "a"}, "ports": [{"port": 80}]})
POD = resource("v1", "Pod", "a", metadata={"labels": {"app": "a"}}, status={"podIP": "127.0.0.9"})
PLAIN = [gateway(), route(TO_SERVICE), SERVICE, POD]
ON_GATEWAY = ("Gateway", "gateway")
ON_HTTP = ("Gateway", "gateway", "http")
ON_HTTPS = ("Gateway", "gateway", "https")
ON_ROUTE = ("HTTPRoute", "route", "default/gateway")
ON_POOL = ("InferencePool", "llm", "default/gateway")
REWRITE = {"type": "URLRewrite", "urlRewrite": {"hostname": "a.example"}}
REDIRECT = {"type": "RequestRedirect", "requestRedirect": {"hostname": "a.example"}}
UNKNOWN = {"type": "ExtensionRef", "extensionRef": {"group": "example.com", "kind": "Filter", "name": "f"}}
BROKEN = {**route(TO_SERVICE, name="broken"), "sepc": {}}


def only(reason, *resources, flags=()):
    """One cause; a `-` in front of the reason: the condition is False."""
    return reason, resources, flags


ROWS = [
    (ON_GATEWAY, "Accepted", [
        only("Accepted", *PLAIN),
        only("+ListenersNotValid", gateway(listener(), listener("tcp", 81, protocol="TCP"))),
        only("-ListenersNotValid", gateway(listener("tcp", 81, protocol="TCP"))),
        only("-Invalid", gateway(listener("UPPER"))),
        only("-InvalidParameters", gateway(infrastructure={
            "parametersRef": {"group": "", "kind": "ConfigMap", "name": "missing"}})),
        only("-UnsupportedAddress", gateway(addresses=[{"type": "example.com/name", "value": "x"}])),
        only("-Pending", gateway(), resource("gateway.networking.k8s.io/v1", "GatewayClass", "weir",
                                             spec={"controllername": "a/b"})),
    ]),
    (ON_GATEWAY, "Programmed", [
        only("Programmed", *PLAIN),
        only("-Invalid", gateway(listener("tcp", 81, protocol="TCP"))),
        only("-Pending", *PLAIN, BROKEN),
        only("-NoResources", gateway(listener(port=80)), gateway(listener(port=90), name="b"),
             flags=["--port-map", "80=90"]),
        only("-AddressNotAssigned", gateway(addresses=[{"type": "Hostname"}])),
        only("-AddressNotUsable", gateway(addresses=[{"type": "IPAddress", "value": "1.2.3"}])),
    ]),
    (ON_GATEWAY, "ResolvedRefs", [
        only("ResolvedRefs", *PLAIN),
        only("-RefNotPermitted", gateway(tls={"backend": {"clientCertificateRef": {"name": "s", "namespace": "b"}}})),
        only("-InvalidClientCertificateRef", gateway(tls={"backend": {"clientCertificateRef": {"name": "s"}}})),
        only("-ListenersNotResolved", gateway(https())),
    ]),
    (ON_HTTP, "Accepted", [
        only("Accepted", *PLAIN),
        only("-PortUnavailable", gateway(listener(port=80)), gateway(listener(port=90), name="b"),
             flags=["--port-map", "80=90"]),
        only("-UnsupportedProtocol", gateway(listener(protocol="UDP"))),
        only("-Pending", gateway(listener(), listener("UPPER", 81))),
    ]),
    (ON_HTTPS, "Accepted", [
        only("-NoValidCACertificate", checked([{"group": "", "kind": "ConfigMap", "name": "missing"}])),
        only("-UnsupportedValue", checked([{"group": "", "kind": "ConfigMap", "name": "ca"}]),
             resource("v1", "ConfigMap", "ca", data={"ca.crt": CA})),
    ]),
    (ON_HTTP, "ResolvedRefs", [
        only("ResolvedRefs", *PLAIN),
        only("-InvalidRouteKinds", gateway(listener(allowedRoutes={"kinds": [{"kind": "GRPCRoute"}]}))),
    ]),
    (ON_HTTPS, "ResolvedRefs", [
        only("-InvalidCertificateRef", gateway(https())),
        only("-RefNotPermitted", gateway({**https(), "tls": {"certificateRefs": [{"name": "s", "namespace": "b"}]}})),
        only("-InvalidCACertificateRef", checked([{"group": "", "kind": "ConfigMap", "name": "missing"}])),
        only("-InvalidCACertificateKind", checked([{"group": "", "kind": "Secret", "name": "ca"}])),
    ]),
    (ON_HTTP, "Programmed", [
        only("Programmed", *PLAIN),
        only("-Invalid", gateway(listener(protocol="UDP"))),
        only("-Pending", *PLAIN, BROKEN),
    ]),
    (ON_HTTP, "Conflicted", [
        only("-NoConflicts", *PLAIN),
        only("+HostnameConflict", gateway(listener(), listener("twice"))),
        only("+ProtocolConflict", gateway(listener(port=443), https())),
    ]),
    (ON_HTTPS, "OverlappingTLSConfig", [
        only("+OverlappingHostnames", gateway(https(hostname="*.example"), https("other", hostname="a.example"))),
    ]),
    (ON_ROUTE, "Accepted", [
        only("Accepted", *PLAIN),
        only("-NotAllowedByListeners", gateway(listener(allowedRoutes={"namespaces": {"from": "None"}})),
             route(TO_SERVICE)),
        only("-NoMatchingListenerHostname", gateway(listener(hostname="a.example")),
             route(TO_SERVICE, hostnames=["b.example"])),
        only("-UnsupportedValue", gateway(), route(rule(to_service("a"), filters=[UNKNOWN]))),
        only("-IncompatibleFilters", gateway(), route(rule(filters=[REWRITE, REDIRECT]))),
        only("-Pending", gateway(), {**route(TO_SERVICE), "sepc": {}}),
    ]),
    (("HTTPRoute", "route", "default/gateway/missing"), "Accepted", [
        only("-NoMatchingParent", gateway(), route(TO_SERVICE, parent={"name": "gateway", "sectionName": "missing"})),
    ]),
    (ON_ROUTE, "ResolvedRefs", [
        only("ResolvedRefs", *PLAIN),
        only("-RefNotPermitted", gateway(), route(rule(to_service("a", namespace="b")))),
        only("-InvalidKind", gateway(), route(rule({"group": "example.com", "kind": "Other", "name": "a"}))),
        only("-BackendNotFound", gateway(), route(TO_SERVICE)),
        only("-UnsupportedProtocol", gateway(), route(TO_SERVICE), H2C),
    ]),
    (ON_ROUTE, "PartiallyInvalid", [
        only("+UnsupportedValue", gateway(), route(rule(to_service("a"), filters=[UNKNOWN]), TO_SERVICE)),
    ]),
    (ON_POOL, "Accepted", [
        only("Accepted", gateway(), route(rule(to_pool("llm"))), *pool("llm", "127.0.0.9:8000")),
        only("-HTTPRouteNotAccepted", gateway(listener(hostname="a.example")), *pool("llm", "127.0.0.9:8000"),
             route(rule(to_pool("llm")), hostnames=["b.example"])),
    ]),
    (ON_POOL, "ResolvedRefs", [
        only("ResolvedRefs", gateway(), route(rule(to_pool("llm"))), *pool("llm", "127.0.0.9:8000")),
        only("-InvalidExtensionRef", gateway(), route(rule(to_pool("llm"))),
             *pool("llm", "127.0.0.9:8000", endpointPickerRef={"name": "epp", "port": {"number": 9002}})),
    ]),
]


def conditions_of(status, where):
    if len(where) == 2:
        return status["conditions"]
    if "listeners" in status:
        return next(x["conditions"] for x in status["listeners"] if x["name"] == where[2])
    for parent in status["parents"]:
        ref = parent["parentRef"]
        name = "/".join(filter(None, (ref["namespace"], ref["name"], ref.get("sectionName"))))
        if name == where[2]:
            return parent["conditions"]
    raise AssertionError(where)


def reasons_in(where, *resources, flags=()):
    """{condition type: reason} there; a False condition has a `-` in front of its reason."""
    done = run_weir("check", "-f", "-", "--format", "json", *flags, stdin=listing(*resources))
    items = json.loads(done.stdout)["status"]["items"]
    status = next(i["status"] for i in items if (i["kind"], i["metadata"]["name"]) == where[:2])
    return {c["type"]: ("-" if c["status"] == "False" else "") + c["reason"] for c in conditions_of(status, where)}


@pytest.mark.parametrize("where, kind, reasons", ROWS, ids=[f"{w[0]}-{'/'.join(w[1:])}-{k}" for w, k, _ in ROWS])
def test_each_reason_has_its_cause(where, kind, reasons):
    for reason, resources, flags in reasons:
        assert reasons_in(where, *resources, flags=flags).get(kind) == reason.lstrip("+"), reason


def test_listeners_that_share_a_certificate_overlap(tmp_path):
    files = certificate(tmp_path, "shared", "DNS:a.example")
    data = {key: base64.b64encode(open(f, "rb").read()).decode() for key, f in zip(("tls.crt", "tls.key"), files)}
    secret = resource("v1", "Secret", "shared", type="kubernetes.io/tls", data=data)
    edge = gateway(https(secret="shared", hostname="a.example"), https("other", secret="shared", hostname="b.example"))
    assert reasons_in(ON_HTTPS, edge, secret)["OverlappingTLSConfig"] == "OverlappingCertificates"
