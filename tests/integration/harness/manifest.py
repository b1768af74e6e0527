"""Manifests as Python values: small builders whose results `listing` puts into one JSON file."""

import json

GATEWAY = "gateway.networking.k8s.io/v1"
POOL = "inference.networking.k8s.io/v1"


def listing(*resources):
    """The text of one file with these resources."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(resources)}, indent=1)


def resource(api_version, kind, name, namespace="default", *, metadata=None, **members):
    return {"apiVersion": api_version, "kind": kind,
            "metadata": {"name": name, "namespace": namespace, **(metadata or {})}, **members}


def listener(name="http", port=80, **members):
    return {"name": name, "port": port, "protocol": "HTTP", **members}


def gateway(*listeners, name="gateway", namespace="default", **spec):
    return resource(GATEWAY, "Gateway", name, namespace,
                    spec={"gatewayClassName": "weir", "listeners": list(listeners) or [listener()], **spec})


def route(*rules, name="route", namespace="default", parent=None, metadata=None, **spec):
    return resource(GATEWAY, "HTTPRoute", name, namespace, metadata=metadata,
                    spec={"parentRefs": [parent or {"name": "gateway"}], "rules": list(rules), **spec})


def rule(*backends, **members):
    """A rule; its members are `matches`, `filters`, `timeouts`, `retry`."""
    return {"backendRefs": list(backends), **members}


def path(value, kind="PathPrefix", **members):
    """One entry of `matches`."""
    return {"path": {"type": kind, "value": value}, **members}


def to_pool(name, **members):
    return {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": name, **members}


def to_service(name, port=80, **members):
    return {"name": name, "port": port, **members}


def pool(name, *servers, namespace="default", **spec):
    """An InferencePool and one Pod for each server (an Upstream, or `host:port`)."""
    addresses = [s if isinstance(s, str) else s.address for s in servers]
    return [
        resource(POOL, "InferencePool", name, namespace,
                 spec={"selector": {"matchLabels": {"app": name}}, "targetPorts": [{"number": 8000}], **spec}),
        *[resource("v1", "Pod", f"{name}-{i}", namespace,
                   metadata={"labels": {"app": name}, "annotations": {"weir.dev/address": address}})
          for i, address in enumerate(addresses)],
    ]


def service(name, *servers, namespace="default", port=80, **port_members):
    """A Service and one EndpointSlice for each server: slices may differ in their port."""
    slices = []
    for i, server in enumerate(servers):
        host, _, number = server.address.rpartition(":")
        slices.append(resource(
            "discovery.k8s.io/v1", "EndpointSlice", f"{name}-{i}", namespace,
            metadata={"labels": {"kubernetes.io/service-name": name}}, addressType="IPv4",
            ports=[{"name": "", "port": int(number)}], endpoints=[{"addresses": [host]}]))
    return [resource("v1", "Service", name, namespace,
                     spec={"selector": {"app": name}, "ports": [{"port": port, **port_members}]}), *slices]


def grant(namespace, *targets, source="default", name="allow"):
    """A ReferenceGrant in `namespace` for HTTPRoutes of `source`; targets are (group, kind) pairs."""
    return resource("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", name, namespace, spec={
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": source}],
        "to": [{"group": group, "kind": kind} for group, kind in targets]})
