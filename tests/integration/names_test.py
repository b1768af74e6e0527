"""Endpoints that are given by name, and IPv6 wherever an address can be written."""

import json

from harness import Connection, chat_body, echo, free_port, run_weir
from harness.manifest import gateway as gateway_of
from harness.manifest import listing, pool, route, rule, to_pool


def addresses(gateway):
    return [e["address"] for e in gateway.admin("GET", "/v1/endpoints").json()["endpoints"]]


def test_a_name_is_an_endpoint_wherever_one_can_be_written(weir, manifests, upstream, tmp_path):
    server = upstream(echo("named"))
    name = f"localhost:{server.port}"
    quick = weir("--endpoint", f"http://{name}")
    assert addresses(quick) == [server.address]
    assert quick.chat().json()["server"] == "named"

    port = free_port()
    folder = manifests({"all.json": listing(gateway_of(), *pool("llm", name), route(rule(to_pool("llm"))))})
    by_annotation = weir("-f", folder, "--port-map", f"80={port}")
    by_annotation.port = port
    assert addresses(by_annotation) == [server.address]
    assert by_annotation.chat().json()["server"] == "named"

    listed = tmp_path / "endpoints.yaml"
    listed.write_text(json.dumps({"endpoints": [{"name": "one", "address": "localhost", "port": str(server.port)}]}))
    by_file = weir("--endpoints-file", listed)
    assert addresses(by_file) == [server.address]
    assert by_file.chat().json()["server"] == "named"


def test_a_name_that_does_not_exist_keeps_the_process_up_without_endpoints(weir):
    gateway = weir("--endpoint", "http://does-not-exist.invalid:8000")
    answer = gateway.chat()
    assert (answer.status, answer.text) == (503, "no healthy upstream")
    gateway.wait_log('"name":"does-not-exist.invalid","reason":"no such name, or no address"')


def test_ipv6_on_both_sides(weir, upstream):
    server = upstream(echo("six"), host="::1")
    port = free_port()
    gateway = weir("--endpoint", server.url, "--listen", f"[::1]:{port}", "--expose-routing")
    assert addresses(gateway) == [server.address]
    with Connection(("::1", port)) as connection:
        answer = connection.request("POST", "/v1/chat/completions", chat_body(), {"Host": f"[::1]:{port}"})
    received = answer.json()
    assert (received["server"], answer.header("x-weir-endpoint")) == ("six", server.address)
    assert received["headers"]["x-forwarded-for"] == "::1"
    assert received["headers"]["host"] == f"[::1]:{port}"


def test_what_is_no_endpoint_is_a_usage_mistake():
    for url in ("http://127.0.0.1:80/v1", "https://127.0.0.1:80", "http://a b:80", "http://user@h:80", "http://h:80?x",
                "http://h:0", "http://h:65536", "http://[::1", "http://[zz]:80", "http://:80", "ftp://h:80"):
        done = run_weir("serve", "--endpoint", url, "--admin", "off")
        assert done.returncode == 2, url
        assert "--endpoint" in done.stderr and done.stdout == ""


def test_the_gateway_is_never_its_own_endpoint(weir):
    port = free_port()
    gateway = weir("--listen", f"127.0.0.1:{port}", "--endpoint", f"http://localhost:{port}")
    gateway.port = port
    answer = gateway.chat()
    assert (answer.status, answer.text) == (503, "no healthy upstream")
    gateway.wait_log("is weir's own listener")
