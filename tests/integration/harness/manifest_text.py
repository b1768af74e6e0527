"""Manifests as text, for tests that put text of their own beside it or spoil a line of it."""


def documents(*texts):
    return "\n---\n".join(texts)


def route(path="/v1", pool="llm", name="llm"):
    return f"""
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {name}}}
spec:
  parentRefs: [{{name: gateway}}]
  rules:
  - matches: [{{path: {{type: PathPrefix, value: {path}}}}}]
    backendRefs: [{{group: inference.networking.k8s.io, kind: InferencePool, name: {pool}}}]
"""


def listening(port, name="gateway"):
    """A Gateway with one listener; the route's parent unless it has another name."""
    return f"""
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: {name}}}
spec:
  gatewayClassName: weir
  listeners: [{{name: http, port: {port}, protocol: HTTP}}]
"""


def pool(name="llm"):
    return f"""
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: llm}}}}
  targetPorts: [{{number: 8000}}]
"""


def pod(port):
    """A Pod of the pool, at a port of this machine."""
    return f"""
apiVersion: v1
kind: Pod
metadata:
  name: llm-0
  labels: {{app: llm}}
  annotations: {{weir.dev/address: "127.0.0.1:{port}"}}
"""


def pool_of_one(port):
    return documents(pool(), pod(port))


def routed(port, *more, path="/v1"):
    """A route, its pool and the pool's one Pod, then `more`."""
    return documents(route(path), pool_of_one(port), *more)


SHEDDABLE = """
apiVersion: inference.networking.x-k8s.io/v1alpha2
kind: InferenceObjective
metadata: {name: batch}
spec: {priority: -1, poolRef: {name: llm}}
"""
