"""Metrics pages and model lists over HTTPS: whom weir believes, and who it says it is."""

import http.server
import json
import ssl
import threading
from collections import Counter

import pytest

from harness import wait_for
from harness.certificates import certificate
from harness.endpoints import endpoints, endpoints_file

PAGE = "vllm:num_requests_waiting 7\nvllm:num_requests_running 1\nvllm:kv_cache_usage_perc 0.1\n" + "# filler\n" * 5000
LIST = json.dumps({"object": "list", "data": [{"id": "sql", "object": "model"}]})


@pytest.fixture
def https(tmp_path):
    """Starts servers of a page and a list; each counts its connections, requests and clients."""
    running = []

    def start(crt, key, clients=None):
        counts = Counter()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                counts["connections"] += 1

            def do_GET(self):
                counts[self.path] += 1
                counts["known clients"] += bool(self.connection.getpeercert())
                body = (LIST if self.path == "/v1/models" else PAGE).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json" if self.path == "/v1/models" else "text/plain")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                counts["refused"] += 1

            def finish_request(self, request, address):  # the handshake on the connection's own thread
                request.do_handshake()
                super().finish_request(request, address)

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(crt, key)
        if clients:
            context.load_verify_locations(clients)
            context.verify_mode = ssl.CERT_REQUIRED
        server = Server(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        running.append(server)
        return server.server_address[1], counts

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def served(weir, upstream, tmp_path):
    """serve(port, **parameters): a gateway whose one endpoint has its metrics and list at that HTTPS port."""

    def serve(port, **parameters):
        config = tmp_path / f"picker-{port}-{len(parameters)}.json"
        parameters = {"scheme": "https", "port": port, **parameters}
        config.write_text(json.dumps({
            "apiVersion": "llm-d.ai/v1alpha1", "kind": "EndpointPickerConfig",
            "plugins": [{"type": "metrics-data-source", "parameters": parameters}, {"type": "core-metrics-extractor"},
                        {"type": "models-data-source", "parameters": parameters}, {"type": "models-data-extractor"},
                        {"type": "queue-scorer"}],
            "schedulingProfiles": [{"name": "default", "plugins": [{"pluginRef": "queue-scorer"}]}],
            "dataLayer": {"sources": [
                {"pluginRef": "metrics-data-source", "extractors": [{"pluginRef": "core-metrics-extractor"}]},
                {"pluginRef": "models-data-source", "extractors": [{"pluginRef": "models-data-extractor"}]}]}}))
        return weir("--config-file", config, "--endpoints-file", endpoints_file(tmp_path, {"a": (upstream(), {})}))

    return serve


def only(gateway):
    return endpoints(gateway)["a"]


def wait_read(gateway):
    return wait_for(lambda: only(gateway)["signals"]["waiting"] == 7 and only(gateway)["models"] == ["sql"] and
                    only(gateway), "page and list")


def test_pages_and_lists_are_read_over_one_kept_connection(https, served, tmp_path):
    """As in the reference, any certificate will do unless `insecureSkipVerify` is false."""
    port, counts = https(*certificate(tmp_path, "any", "DNS:elsewhere.example"))
    gateway = served(port)
    assert wait_read(gateway)["scrape"]["url"] == f"https://127.0.0.1:{port}/metrics"
    wait_for(lambda: counts["/metrics"] >= 15, "more scrapes")
    assert only(gateway)["scrape"]["failed"] == 0 and counts["connections"] == 2, counts
    assert gateway.chat("and the requests go where they went", model="sql").status == 200


def test_a_certificate_is_believed_when_its_authority_and_address_are_right(https, served, tmp_path):
    good = certificate(tmp_path, "good", "IP:127.0.0.1")
    other = certificate(tmp_path, "other", "DNS:elsewhere.example")
    port, _ = https(*good)
    wait_read(served(port, insecureSkipVerify=False, caCertPath=str(good[0])))
    for server, authority, why in ((good, other[0], "self-signed"), (other, other[0], "IP address mismatch")):
        port, counts = https(*server)
        gateway = served(port, insecureSkipVerify=False, caCertPath=str(authority))
        error = wait_for(lambda: only(gateway)["scrape"]["error"], "an error")
        assert error.startswith("TLS: ") and why in error, error
        assert only(gateway)["signals"]["waiting"] is None and counts["/metrics"] == 0


def test_a_client_certificate_is_shown(https, served, tmp_path):
    server, client = certificate(tmp_path, "server", "IP:127.0.0.1"), certificate(tmp_path, "client", "DNS:weir")
    port, counts = https(*server, clients=client[0])
    wait_read(served(port, clientCertPath=str(client[0]), clientKeyPath=str(client[1])))
    assert counts["known clients"] > 0
    refused, counts = https(*server, clients=client[0])
    gateway = served(refused)
    wait_for(lambda: only(gateway)["scrape"]["error"], "an error")
    assert only(gateway)["signals"]["waiting"] is None and counts["/metrics"] == 0


def test_a_file_that_cannot_be_used_is_said_and_nothing_is_asked(https, served, tmp_path):
    port, counts = https(*certificate(tmp_path, "any", "IP:127.0.0.1"))
    gateway = served(port, insecureSkipVerify=False, caCertPath=str(tmp_path / "absent.crt"))
    gateway.wait_log("no certificate authority can be read from")
    assert gateway.chat("served all the same").status == 200
    assert only(gateway)["scrape"]["url"] == "" and counts["connections"] == 0


def test_a_plain_server_is_no_tls_server(served, upstream):
    gateway = served(upstream().port)
    wait_for(lambda: only(gateway)["scrape"]["error"], "the handshake's end")
    assert gateway.chat("served all the same").status == 200
