"""Reloads under load: no request fails and no connection ends."""

import os
import socket
import threading

from harness import Connection, chat_body, free_ports, reply, request, wait_for
from harness.manifest_text import documents, pool_of_one

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: all, annotations: {{round: "{round}"}}}}
spec:
  parentRefs: [{{name: gateway}}]
  rules:
  - matches: [{{path: {{value: /v{round}}}}}, {{path: {{value: /v1}}}}]
    backendRefs: [{{group: inference.networking.k8s.io, kind: InferencePool, name: llm}}]
"""


def manifest(round, server):
    return documents(ROUTE.format(round=round), pool_of_one(server.port))


def test_twenty_reloads_under_load_fail_nothing(weir, upstream, manifests):
    server = upstream(reply())
    folder = manifests({"all.yaml": manifest(2, server)})
    gateway = weir("-f", folder, "--threads", "2")
    done, failed, count = threading.Event(), [], [0]

    def ask(connect_each_time):
        connection = gateway.connect()
        while not done.is_set():
            if connect_each_time:
                connection.close()
                connection = gateway.connect()
            connection.send(request("POST", "/v1/chat/completions", chat_body()))
            try:
                if (status := connection.read_answer().status) != 200:
                    failed.append(status)
                count[0] += 1
            except AssertionError as error:
                failed.append(error)
                return
        connection.close()

    clients = [threading.Thread(target=ask, args=(i % 2 == 1,)) for i in range(6)]
    for client in clients:
        client.start()
    for round in range(3, 23):
        (folder / "next").write_text(manifest(round, server))
        os.replace(folder / "next", folder / "all.yaml")
        wait_for(lambda: gateway.get(f"/v{round}/models").status == 200, "the new configuration", 10)
    done.set()
    for client in clients:
        client.join(20)
    assert failed == []
    assert count[0] > 100
    assert gateway.metric("weir_config_reloads_total", result="success") >= 20


def listeners(*ports):
    lines = "\n".join(f"  - {{name: p{p}, port: {p}, protocol: HTTP}}" for p in ports)
    return ("apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gateway}\n"
            f"spec:\n  gatewayClassName: weir\n  listeners:\n{lines}\n---\n")


def test_listeners_come_and_go_and_one_that_cannot_be_bound_changes_nothing(weir, upstream, manifests):
    server, (first, second, taken) = upstream(reply()), free_ports(3)
    rest = manifest(2, server)
    folder = manifests({"all.yaml": listeners(first) + rest})
    gateway = weir("-f", folder)

    def write(*ports):
        (folder / "next").write_text(listeners(*ports) + rest)
        os.replace(folder / "next", folder / "all.yaml")

    def serves(port):
        try:
            with Connection(("127.0.0.1", port), timeout=2) as connection:
                return connection.request("GET", "/v1/models").status == 200
        except OSError:
            return False

    with Connection(("127.0.0.1", first)) as kept:
        assert kept.request("GET", "/v1/models").status == 200
        write(first, second)
        wait_for(lambda: serves(second), "the second listener", 10)
        with Connection(("127.0.0.1", second)) as leaving:
            assert leaving.request("GET", "/v1/models").status == 200
            with socket.create_server(("127.0.0.1", taken)):
                write(first, second, taken)
                gateway.wait_log(f"cannot bind 127.0.0.1:{taken}")
                assert serves(first) and serves(second)
            write(first)
            wait_for(lambda: not serves(second), "the second listener gone", 10)
            assert leaving.read_to_end() == b""
        assert kept.request("GET", "/v1/models").status == 200
