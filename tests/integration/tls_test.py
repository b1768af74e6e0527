"""HTTPS listeners: certificates by server name, the 421 rule, ALPN, and certificates that change under load."""

import base64
import os
import ssl
import threading

import pytest

from harness import Connection, chat_body, free_port, reply, request, stream, wait_for
from harness.certificates import certificate
from harness.manifest_text import documents, pool_of_one

GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: edge}}
spec:
  gatewayClassName: weir
  listeners:
  - {{name: exact, port: {port}, protocol: HTTPS, hostname: api.example.com,
      tls: {{certificateRefs: [{{name: exact}}]}}}}
  - {{name: wild, port: {port}, protocol: HTTPS, hostname: "*.example.com",
      tls: {{certificateRefs: [{{name: wild}}]}}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: all}}
spec:
  parentRefs: [{{name: edge}}]
  rules:
  - backendRefs: [{{group: inference.networking.k8s.io, kind: InferencePool, name: llm}}]
"""
SECRET = """
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: {{name: {name}}}
data: {{tls.crt: {crt}, tls.key: {key}}}
"""


def secret(name, crt, key):
    encode = lambda path: base64.b64encode(path.read_bytes()).decode()  # noqa: E731
    return SECRET.format(name=name, crt=encode(crt), key=encode(key))


class Secure(Connection):
    """A TLS connection; `certificate` is what the server showed."""

    def __init__(self, port, name="api.example.com", *, alpn=("http/1.1",), versions=None, timeout=10.0):
        super().__init__(("127.0.0.1", port), timeout)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if versions:
            context.minimum_version, context.maximum_version = versions
        self.socket = context.wrap_socket(self.socket, server_hostname=name, suppress_ragged_eofs=False)
        self.certificate = ssl.DER_cert_to_PEM_cert(self.socket.getpeercert(binary_form=True))


@pytest.fixture
def edge(weir, upstream, manifests, tmp_path):
    """edge(script) starts an HTTPS gateway for api.example.com and *.example.com; has .port, .folder, .server."""

    def start(script=None):
        port, server = free_port(), upstream(script or reply())
        pairs = {name: certificate(tmp_path, name, f"DNS:{host}")
                 for name, host in (("exact", "api.example.com"), ("wild", "*.example.com"))}
        folder = manifests({"gateway.yaml": documents(GATEWAY.format(port=port), pool_of_one(server.port)),
                            **{f"{name}.yaml": secret(name, *pair) for name, pair in pairs.items()}})
        gateway = weir("-f", folder)
        gateway.tls_port, gateway.folder, gateway.server = port, folder, server
        gateway.pem = {name: pair[0].read_text() for name, pair in pairs.items()}
        return gateway

    return start


def test_a_client_is_shown_the_certificate_of_the_name_it_asks_for(edge):
    gateway = edge()
    for name, shown in (("api.example.com", "exact"), ("API.Example.COM", "exact"), ("x.example.com", "wild"),
                        ("a.b.example.com", "wild"), (None, "exact")):
        with Secure(gateway.tls_port, name) as connection:
            assert connection.certificate == gateway.pem[shown], name
            assert connection.socket.selected_alpn_protocol() == "http/1.1"
            answer = connection.request("POST", "/v1/chat/completions", chat_body(),
                                        {"Host": name or "api.example.com"})
            assert (answer.status, answer.body) == (200, b"{}")
    seen = [r for r in gateway.server.requests if r.method == "POST"][0]
    assert seen.header("x-forwarded-proto") == "https"


def test_of_several_certificates_of_a_listener_the_one_with_the_name_is_shown(edge):
    gateway = edge()
    hosts = {"first": "first.example.net", "wild": "*.example.net", "exact": "x.example.net"}
    pairs = {name: certificate(gateway.folder, f"of-{name}", f"DNS:{host}") for name, host in hosts.items()}
    port = free_port()
    (gateway.folder / "several.yaml").write_text(GATEWAY.split("---")[0].format(port=port).split("  listeners:")[0].replace(
        "edge", "several") + f"""
  listeners:
  - {{name: any, port: {port}, protocol: HTTPS,
      tls: {{certificateRefs: [{", ".join(f"{{name: of-{name}}}" for name in pairs)}]}}}}
""" + "".join("---" + secret(f"of-{name}", *pair) for name, pair in pairs.items()))
    assert gateway.admin("POST", "/v1/reload").status == 200
    for name, shown in (("first.example.net", "first"), ("x.example.net", "exact"), ("X.example.net", "exact"),
                        ("y.example.net", "wild"), ("other.example.org", "first"), (None, "first")):
        with Secure(port, name) as connection:
            assert connection.certificate == pairs[shown][0].read_text(), name


def test_a_name_that_nobody_serves_gets_no_handshake(edge):
    gateway = edge()
    with pytest.raises(ssl.SSLError):
        Secure(gateway.tls_port, "example.net")


def test_a_host_of_another_listener_is_misdirected(edge):
    gateway = edge()
    with Secure(gateway.tls_port, "x.example.com") as connection:
        assert connection.request("GET", "/v1/models", headers={"Host": "x.example.com"}).status == 200
        assert connection.request("GET", "/v1/models", headers={"Host": "y.example.com:8443"}).status == 200
        answer = connection.request("GET", "/v1/models", headers={"Host": "api.example.com"})
        assert answer.status == 421
        # No listener would do better.
        assert connection.request("GET", "/v1/models", headers={"Host": "example.net"}).status == 404
        assert answer.header("x-request-id")


def test_protocols(edge):
    gateway = edge()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with Secure(gateway.tls_port, versions=(version, version)) as connection:
            assert connection.request("GET", "/v1/models", headers={"Host": "api.example.com"}).status == 200
    with Secure(gateway.tls_port, alpn=("h2", "http/1.1")) as connection:
        assert connection.socket.selected_alpn_protocol() == "http/1.1"
    with Secure(gateway.tls_port, alpn=None) as connection:
        assert connection.request("GET", "/v1/models", headers={"Host": "api.example.com"}).status == 200
    with pytest.raises(ssl.SSLError):
        Secure(gateway.tls_port, alpn=("h2",))
    with Connection(("127.0.0.1", gateway.tls_port)) as plain:
        plain.send(request("GET", "/v1/models"))
        assert plain.read_answer().status == 400
        assert plain.read_to_end() == b""


def test_large_bodies_pass_both_ways(edge):
    body = os.urandom(512).hex() * 3000   # 3 MB

    def echo(exchange):
        data = exchange.request.body
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data)

    gateway = edge(echo)
    with Secure(gateway.tls_port, timeout=30) as connection:
        for _ in range(3):
            sent = request("POST", "/v1/chat/completions", chat_body(body), {"Host": "api.example.com"})
            connection.send(sent)
            wait_for(lambda: len([r for r in gateway.server.requests if r.method == "POST"]) > _, "the request", 20)
            answer = connection.read_answer()
            assert answer.body == sent.split(b"\r\n\r\n", 1)[1]


def test_a_closing_notify_is_an_end_without_a_fin(edge):
    """Whatever the client waits for: it has said that nothing more comes, as a FIN would."""
    gone, began = threading.Event(), threading.Event()

    def hold(exchange):
        if exchange.request.json().get("stream"):
            exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\n")
        began.set()
        if exchange.peer_gone():
            gone.set()

    gateway = edge(hold)
    host = {"Host": "api.example.com"}
    for streams in (False, True):
        gone.clear(), began.clear()
        with Secure(gateway.tls_port) as connection:
            connection.send(request("POST", "/v1/chat/completions", chat_body(stream=streams), host))
            assert began.wait(10)
            if streams:
                connection.read_head()
            connection.socket.unwrap()   # sends the notify, and waits for weir's own
            assert gone.wait(10), streams
    with Secure(gateway.tls_port) as idle:
        assert idle.request("OPTIONS", "*", headers=host).status == 200
        idle.socket.unwrap()
    wait_for(lambda: gateway.metric("weir_requests_active") == 0, "no request under way", 10)


def test_requests_sent_ahead_through_tls_wait_their_turn(edge):
    gateway = edge()
    with Secure(gateway.tls_port) as connection:
        host = {"Host": "api.example.com"}
        connection.send(b"".join(request("POST", "/v1/chat/completions", chat_body("x" * size), host)
                                 for size in (10, 30_000, 10, 90_000, 10)))
        assert [connection.read_answer().status for _ in range(5)] == [200] * 5


def test_a_cut_stream_through_tls_never_looks_complete(edge):
    gateway = edge(stream(["one", "two"], end=False))
    with Secure(gateway.tls_port) as connection:
        connection.send(request("POST", "/v1/chat/completions", chat_body(stream=True), {"Host": "api.example.com"}))
        answer = connection.read_answer()
        assert not answer.complete
        assert answer.events()[:2] == ["one", "two"]
    # HTTP/1.0: the end of the stream is all there is, and it is not a clean one.
    with Secure(gateway.tls_port) as connection:
        connection.send("GET /v1/models HTTP/1.0\r\nHost: api.example.com\r\n\r\n")
        connection.read_head()
        with pytest.raises((ConnectionResetError, ssl.SSLError)):
            while connection.socket.recv(65536):
                pass


def test_new_certificates_are_shown_after_a_reload_and_no_connection_ends(edge, tmp_path):
    gateway = edge()
    with Secure(gateway.tls_port) as old:
        assert old.request("GET", "/v1/models", headers={"Host": "api.example.com"}).status == 200
        crt, key = certificate(tmp_path, "new", "DNS:api.example.com")
        (gateway.folder / "exact.yaml").write_text(secret("exact", crt, key))

        def shows_the_new_one():
            with Secure(gateway.tls_port) as fresh:
                return fresh.certificate == crt.read_text()

        wait_for(shows_the_new_one, "the new certificate", 10)
        assert old.request("GET", "/v1/models", headers={"Host": "api.example.com"}).status == 200


def test_a_pair_that_does_not_fit_is_found_and_not_served(edge, weir, manifests, tmp_path, upstream):
    first, second = certificate(tmp_path, "a", "DNS:api.example.com"), certificate(tmp_path, "b", "DNS:api.example.com")
    port = free_port()
    folder = manifests({"gateway.yaml": documents(GATEWAY.format(port=port), pool_of_one(upstream().port)),
                        "exact.yaml": secret("exact", first[0], second[1]), "wild.yaml": secret("wild", *second)})
    gateway = weir("-f", folder)
    with Secure(port, "x.example.com") as connection:
        assert connection.request("GET", "/v1/models", headers={"Host": "x.example.com"}).status == 200
    status = gateway.admin("GET", "/v1/status").json()
    edge_status = next(i for i in status["items"] if i["kind"] == "Gateway")["status"]
    exact = next(l for l in edge_status["listeners"] if l["name"] == "exact")
    resolved = next(c for c in exact["conditions"] if c["type"] == "ResolvedRefs")
    assert (resolved["status"], resolved["reason"]) == ("False", "InvalidCertificateRef")
    assert "tls.key does not belong to tls.crt" in resolved["message"]
