"""Reloads under load: no request fails and no connection ends."""

import os
import threading

from harness import chat_body, reply, request, wait_for

MANIFEST = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: all, annotations: {{round: "{round}"}}}}
spec:
  parentRefs: [{{name: gateway}}]
  rules:
  - matches: [{{path: {{value: /v{round}}}}}, {{path: {{value: /v1}}}}]
    backendRefs: [{{group: inference.networking.k8s.io, kind: InferencePool, name: llm}}]
---
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {{name: llm}}
spec:
  selector: {{matchLabels: {{app: llm}}}}
  targetPorts: [{{number: 8000}}]
---
apiVersion: v1
kind: Pod
metadata:
  name: llm-0
  labels: {{app: llm}}
  annotations: {{weir.dev/address: "127.0.0.1:{port}"}}
"""


def test_twenty_reloads_under_load_fail_nothing(weir, upstream, manifests):
    server = upstream(reply())
    folder = manifests({"all.yaml": MANIFEST.format(round=2, port=server.port)})
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
        (folder / "next").write_text(MANIFEST.format(round=round, port=server.port))
        os.replace(folder / "next", folder / "all.yaml")
        wait_for(lambda: gateway.get(f"/v{round}/models").status == 200, "the new configuration", 10)
    done.set()
    for client in clients:
        client.join(20)
    assert failed == []
    assert count[0] > 100
    assert gateway.metric("weir_config_reloads_total", result="success") >= 20
