"""Endpoints from files, names and the administrator: what is listed, what a change does, what a mistake says."""

import json
import os

from harness import free_port, reply, run_weir, wait_for
from harness.endpoints import endpoints
from harness.manifest_text import documents, pool, route

TWO_POOLS = documents(route("/a", "one"), pool("one"), pool("two"))


def write(path, *entries):
    """Replaces the file as editors do: another one, renamed into place."""
    spare = path.with_suffix(".new")
    spare.write_text(json.dumps({"endpoints": list(entries)}))
    os.replace(spare, path)
    return path


def entry(server, name, **more):
    return {"name": name, "address": "127.0.0.1", "port": str(server.port), **more}


def names(gateway):
    return sorted(endpoints(gateway))


def test_an_endpoints_file_is_watched_and_a_wrong_entry_skipped(weir, upstream, tmp_path):
    a, b = upstream(reply(200, {})), upstream(reply(200, {}))
    path = write(tmp_path / "endpoints.json", entry(a, "a", labels={"tier": "1"}))
    gateway = weir("--endpoints-file", path)
    assert names(gateway) == ["a"] and endpoints(gateway)["a"]["labels"] == {"tier": "1"}
    assert gateway.chat("x").status == 200
    picks = endpoints(gateway)["a"]["picks"]
    assert picks == 1
    write(path, entry(a, "a", unknown=1), entry(b, "b"))
    wait_for(lambda: names(gateway) == ["a", "b"], "the second endpoint")
    assert endpoints(gateway)["a"]["picks"] == picks   # the same identity: its state stays
    write(path, entry(a, "a"), {"name": "b", "address": "300.1.1.1 x", "port": "1"})
    wait_for(lambda: names(gateway) == ["a"], "the wrong entry's endpoint gone")
    gateway.wait_log("entry skipped")
    path.write_text('{"endpoints": [')
    gateway.wait_log("failed to reload endpoints file")
    assert names(gateway) == ["a"] and gateway.chat("x").status == 200
    write(path, entry(a, "a"), entry(b, "a"))   # an identity that is named again is an update
    wait_for(lambda: [e["address"] for e in endpoints(gateway).values()] == [b.address], "the later one")
    write(path)
    wait_for(lambda: names(gateway) == [], "an empty pool")
    assert gateway.chat("x").status == 503 and gateway.admin("GET", "/readyz").status == 200
    write(path, entry(a, "a"))
    wait_for(lambda: names(gateway) == ["a"] and gateway.chat("x").status == 200, "an endpoint again")


def test_a_picker_configuration_alone_may_name_the_endpoints(weir, upstream, tmp_path):
    server = upstream(reply(200, {}))
    path = write(tmp_path / "endpoints.json", entry(server, "a"))
    picker = tmp_path / "picker.yaml"
    kind = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n"
    picker.write_text(kind + f"""plugins:
- {{type: file-discovery, parameters: {{path: {path}, watchFile: true}}}}
- type: queue-scorer
dataLayer: {{discovery: {{pluginRef: file-discovery}}}}
""")
    gateway = weir("--config-file", picker)
    assert names(gateway) == ["a"] and gateway.chat("x").status == 200
    write(path, entry(server, "b"))
    wait_for(lambda: names(gateway) == ["b"], "the file's new endpoint")
    none = run_weir("serve", "--config-text", kind)
    assert (none.returncode, none.stderr.partition(":")[2].split(":")[0]) == (2, " nothing to serve")


def test_no_endpoint_is_weirs_own_socket(weir, upstream, tmp_path):
    server, data = upstream(reply(200, {})), free_port()
    path = write(tmp_path / "endpoints.json", entry(server, "a"))
    gateway = weir("--endpoints-file", path, "--listen", f"0.0.0.0:{data}", port=data)
    own = [{"name": f"own-{p}", "address": "127.0.0.1", "port": str(p)} for p in (data, gateway.admin_port)]
    write(path, entry(server, "a"), *own, entry(server, "b"))
    wait_for(lambda: names(gateway) == ["a", "b"], "what is not weir itself")
    for left_out in own:
        gateway.wait_log(f"127.0.0.1:{left_out['port']}")
    for address in (f"127.0.0.1:{data}", f"localhost:{data}", f"127.0.0.1:{gateway.admin_port}"):
        refused = gateway.admin("POST", "/v1/endpoints", {"action": "add", "address": address, "name": "again"})
        assert refused.status == 400 and "weir's own listener" in refused.text
    assert names(gateway) == ["a", "b"]
    assert {gateway.chat("x").status for _ in range(4)} == {200}


def test_what_is_wrong_with_an_endpoints_file_at_start(tmp_path):
    path = tmp_path / "endpoints.yaml"
    for text, said in (
            ("endpoints:\n- {name: x, address: 'not an address', port: '80'}\n", 'endpoint "x": invalid IPv4 address "not an address"'),
            ("endpoints:\n- {name: x, address: 10.0.0.1, port: '0'}\n", 'endpoint "x": invalid port "0"'),
            ("endpoints:\n- {name: x, address: 10.0.0.1, port: '65536'}\n", 'endpoint "x": invalid port "65536"'),
            ("endpoints:\n- {name: x, address: 10.0.0.1}\n", 'endpoint "x": invalid port ""'),
            ("endpoints: {}\n", "unmarshalling"), ("endpoints: [\n", "parsing"),
            ("# " + "x" * (1 << 20) + "\nendpoints: []\n", "exceeds 1 MiB limit")):
        path.write_text(text)
        done = run_weir("serve", "--endpoints-file", path, "--listen", f"127.0.0.1:{free_port()}", "--admin", "off")
        assert done.returncode == 4, text[:80]
        assert "file-discovery: initial load failed: " in done.stderr and said in done.stderr, (said, done.stderr)
        checked = run_weir("check", "--endpoints-file", path)
        assert checked.returncode == 4 and done.stderr.splitlines()[0] == checked.stdout.splitlines()[0], text[:80]
    missing = run_weir("serve", "--endpoints-file", tmp_path / "none", "--listen", f"127.0.0.1:{free_port()}", "--admin", "off")
    assert missing.returncode == 4
    assert f"load failed: reading {tmp_path / 'none'}: No such file or directory" in missing.stderr
    assert run_weir("check", "--endpoints-file", tmp_path / "none").stdout == missing.stderr


def test_names_ipv6_and_numbers_are_addresses_too(weir, upstream, tmp_path):
    server = upstream(reply(200, {}))
    path = tmp_path / "endpoints.yaml"
    path.write_text(f"endpoints:\n- {{name: n, address: localhost, port: {server.port}}}\n"
                    f"- {{name: six, address: '::1', port: '{server.port}'}}\n"
                    f"- {{name: none, address: does-not-exist.invalid, port: '80'}}\n")
    gateway = weir("--endpoints-file", path)
    wait_for(lambda: "n" in endpoints(gateway), "the name resolved")
    assert endpoints(gateway)["n"]["address"] in (server.address, f"[::1]:{server.port}")
    assert endpoints(gateway)["six"]["address"] == f"[::1]:{server.port}"
    assert "none" not in endpoints(gateway)
    listed = wait_for(lambda: {n["name"]: n for n in gateway.admin("GET", "/v1/endpoints").json()["names"]
                               if n["error"] or n["addresses"]}, "the names")
    assert listed["localhost"]["addresses"] and listed["localhost"]["error"] == ""
    wait_for(lambda: any(n["name"] == "does-not-exist.invalid" and n["error"]
                         for n in gateway.admin("GET", "/v1/endpoints").json()["names"]), "the failure")
    assert gateway.chat("x").status == 200


def test_pool_equals_path_chooses_the_pool(weir, upstream, manifests, tmp_path):
    server = upstream(reply(200, {}))
    folder = manifests({"all.yaml": TWO_POOLS})
    path = write(tmp_path / "endpoints.json", entry(server, "x"))
    plain = run_weir("serve", "-f", folder, "--endpoints-file", path)
    assert plain.returncode == 2
    gateway = weir("-f", folder, "--endpoints-file", f"one={path}")
    shown = gateway.admin("GET", "/v1/endpoints").json()["endpoints"]
    assert [(e["pool"], e["name"]) for e in shown] == [("default/one", "x")]
    assert gateway.post("/a/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "x"}]}).status == 200


def file_discovery(path, watch):
    return {"apiVersion": "llm-d.ai/v1alpha1", "kind": "EndpointPickerConfig",
            "plugins": [{"type": "file-discovery", "parameters": {"path": str(path), "watchFile": watch}},
                        {"type": "queue-scorer"}],
            "schedulingProfiles": [{"name": "default", "plugins": [{"pluginRef": "queue-scorer"}]}],
            "dataLayer": {"discovery": {"pluginRef": "file-discovery"}}}


def test_the_file_discovery_plugin(weir, upstream, manifests, tmp_path):
    server, other = upstream(reply(200, {})), upstream(reply(200, {}))
    path = write(tmp_path / "endpoints.json", entry(server, "x"))
    for watch in (True, False):
        folder = manifests({"all.yaml": documents(route(pool="one"), pool("one"), json.dumps(file_discovery(path, watch)))}, folder=f"watch-{watch}")
        write(path, entry(server, "x"))
        gateway = weir("-f", folder)
        assert names(gateway) == ["x"] and gateway.chat("x").status == 200
        write(path, entry(server, "x"), entry(other, "y"))
        if watch:
            wait_for(lambda: names(gateway) == ["x", "y"], "the change")
        else:
            gateway.admin("POST", "/v1/reload")
            wait_for(lambda: names(gateway) == ["x", "y"], "the change after a reload")
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(file_discovery("", True)))
    done = run_weir("serve", "--config-file", wrong, "--endpoint", "http://127.0.0.1:1", "--admin", "off")
    assert done.returncode == 4 and "'path' parameter is required" in done.stderr


def test_one_merge_rule(weir, upstream, tmp_path):
    """config, file, admin: a later origin replaces an identity in its place; removed stays removed until added again."""
    a, b, c = (upstream(reply(200, {})) for _ in range(3))
    path = write(tmp_path / "endpoints.json", entry(a, "x"), entry(b, "y"))
    gateway = weir("--endpoints-file", path)
    post = lambda **body: gateway.admin("POST", "/v1/endpoints", body)
    assert post(action="add", address=c.address, name="x", labels={"k": "v"}).status == 200
    shown = endpoints(gateway)
    assert shown["x"]["address"] == c.address and shown["x"]["source"] == "admin" and shown["y"]["source"] == "file"
    assert post(action="remove", id="default/x").status == 200
    assert names(gateway) == ["y"]
    write(path, entry(a, "x"), entry(b, "y"), entry(c, "z"))
    wait_for(lambda: names(gateway) == ["y", "z"], "the file's news, without what was removed")
    assert post(action="add", address=a.address, name="x").status == 200
    assert names(gateway) == ["x", "y", "z"]
