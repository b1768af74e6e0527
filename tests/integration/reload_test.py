"""Files that change while weir runs: what is picked up, what is refused, and what nobody may notice."""

import asyncio
import json
import os
import signal
import socket
import threading

import pytest

from harness import chat_body, free_port, reply, request, wait_for
from harness.manifest_text import listening, route, routed


def put(folder, name, text):
    """As editors do: a new file, renamed into place."""
    (folder / ".new").write_text(text)
    os.replace(folder / ".new", folder / name)


def version(gateway):
    return gateway.admin("GET", "/v1/config").json()["version"]


def serves(gateway, path):
    return gateway.get(path).status == 200


def test_a_failed_reload_keeps_what_was_and_is_said_everywhere(weir, manifests, upstream):
    server = upstream(reply())
    folder = manifests({"all.yaml": routed(server.port)})
    gateway = weir("-f", folder)
    assert serves(gateway, "/v1/models")
    # Half of a file, as an editor leaves it for a moment.
    (folder / "all.yaml").write_text(routed(server.port, path="/v2")[:-40] + "\n  metadata: [")
    gateway.wait_log("not reloaded")
    assert serves(gateway, "/v1/models")
    assert "all.yaml:" in gateway.log
    assert gateway.metric("weir_config_last_reload_successful") == 0
    assert gateway.metric("weir_config_reloads_total", result="failure") >= 1
    ready = gateway.admin("GET", "/readyz?verbose")
    assert ready.status == 200
    assert "[-]last-reload failed: 1 error" in ready.text
    last = gateway.admin("GET", "/v1/config").json()["lastReload"]
    assert last["ok"] is False and last["findings"][0]["line"] > 1
    # The next good write heals it.
    (folder / "all.yaml").write_text(routed(server.port, path="/v2"))
    wait_for(lambda: serves(gateway, "/v2/models"), "the new route", 10)
    assert gateway.metric("weir_config_last_reload_successful") == 1
    assert "[+]last-reload ok" in gateway.admin("GET", "/readyz?verbose").text


def said(gateway):
    """What metric, readiness and dashboard (which shows lastReload) say of the last reload, when they agree; else None."""
    verdicts = {gateway.metric("weir_config_last_reload_successful") == 1,
                "[+]last-reload ok" in gateway.admin("GET", "/readyz?verbose").text,
                gateway.admin("GET", "/v1/config").json()["lastReload"]["ok"]}
    return verdicts.pop() if len(verdicts) == 1 else None


def half_written(folder):
    (folder / "all.yaml").write_text((folder / "all.yaml").read_text()[:-40] + "\n  metadata: [")
    return "all.yaml:"


def gone(folder):
    os.rename(folder, folder.with_name("away"))
    return f"{folder} does not exist"


def unreadable(folder):
    """A link to itself: nobody can read it, root neither."""
    (folder / "b.yaml").symlink_to("b.yaml")
    return f"failed to list InferencePool, InferenceObjective, Pod: {folder}/b.yaml is forbidden"


@pytest.mark.parametrize("spoil", [half_written, gone, unreadable])
def test_whatever_a_reload_cannot_read_leaves_what_was_in_force(weir, manifests, upstream, spoil):
    folder = manifests({"all.yaml": routed(upstream(reply()).port)})
    text = (folder / "all.yaml").read_text()
    gateway = weir("-f", folder)
    assert said(gateway)
    failures = gateway.metric("weir_config_reloads_total", result="failure")
    complaint = spoil(folder)
    wait_for(lambda: said(gateway) is False, "the failed reload", 10)
    gateway.wait_log(complaint)
    assert gateway.metric("weir_config_reloads_total", result="failure") > failures
    assert serves(gateway, "/v1/models")
    if not folder.exists():
        os.rename(folder.with_name("away"), folder)
    (folder / "b.yaml").unlink(missing_ok=True)
    put(folder, "all.yaml", text)
    wait_for(lambda: said(gateway), "the reload that is good again", 10)
    assert serves(gateway, "/v1/models")


def test_folders_links_and_lost_paths(weir, manifests, upstream):
    server = upstream(reply())
    folder = manifests({"a.yaml": routed(server.port), "sub/b.yaml": ""})
    extra = route("/extra", name="more")
    gateway = weir("-f", folder)
    # A file in a folder below, then its removal.
    put(folder / "sub", "b.yaml", extra)
    wait_for(lambda: serves(gateway, "/extra"), "the route of a folder below", 10)
    (folder / "sub" / "b.yaml").unlink()
    wait_for(lambda: gateway.get("/extra").status == 404, "its removal", 10)
    # A new folder.
    (folder / "late").mkdir()
    put(folder / "late", "c.yaml", extra)
    wait_for(lambda: serves(gateway, "/extra"), "the route of a new folder", 10)
    # Touching is no change.
    before = version(gateway)
    os.utime(folder / "a.yaml")
    put(folder / "late", "c.yaml", extra)
    put(folder / "late", "marker.yaml", "# now something did change\n")
    wait_for(lambda: version(gateway) > before, "the marker", 10)
    assert version(gateway) == before + 1
    # The whole path vanishes and comes back.
    os.rename(folder, folder.with_name("away"))
    gateway.wait_log("does not exist")
    assert serves(gateway, "/v1/models") and serves(gateway, "/extra")
    (folder.with_name("away") / "late" / "c.yaml").unlink()
    os.rename(folder.with_name("away"), folder)
    wait_for(lambda: gateway.get("/extra").status == 404, "the path that came back", 10)


def test_the_links_of_a_mounted_config_map_are_swapped(weir, tmp_path, upstream):
    server = upstream(reply())
    mount = tmp_path / "mount"
    for name, path in (("..1", "/v1"), ("..2", "/v2")):
        (mount / name).mkdir(parents=True)
        (mount / name / "all.yaml").write_text(routed(server.port, path=path))
    (mount / "..data").symlink_to("..1")
    (mount / "all.yaml").symlink_to("..data/all.yaml")
    by_folder = weir("-f", mount)
    by_file = weir("-f", mount / "all.yaml")
    assert serves(by_folder, "/v1/models") and serves(by_file, "/v1/models")
    (mount / "..data_tmp").symlink_to("..2")
    os.replace(mount / "..data_tmp", mount / "..data")
    for gateway in (by_folder, by_file):
        wait_for(lambda g=gateway: serves(g, "/v2/models"), "the swapped file", 10)
        assert said(gateway) and gateway.metric("weir_config_reloads_total", result="success") == 1


@pytest.mark.parametrize("flags, environment", [(["--no-watch"], {}), ([], {"WEIR_NO_WATCH": "true"})])
def test_signals_and_the_api_reload_without_watching(weir, manifests, upstream, flags, environment):
    server = upstream(reply())
    folder = manifests({"all.yaml": routed(server.port)})
    gateway = weir("-f", folder, *flags, env=environment)
    watching = weir("-f", folder, env={"WEIR_NO_WATCH": "false"})
    put(folder, "all.yaml", routed(server.port, path="/v2"))
    wait_for(lambda: serves(watching, "/v2/models"), "the new route", 10)
    dry = gateway.admin("POST", "/v1/reload?dryRun=1", {}).json()
    assert dry["ok"] and dry["dryRun"] and serves(gateway, "/v1/models")
    gateway.signal(signal.SIGHUP)
    wait_for(lambda: serves(gateway, "/v2/models"), "the new route", 10)
    put(folder, "all.yaml", routed(server.port, path="/v3"))
    assert gateway.admin("POST", "/v1/reload", {}).json()["ok"]
    wait_for(lambda: serves(gateway, "/v3/models"), "the new route", 10)
    put(folder, "all.yaml", routed(server.port) + "---\nkind: Pod\n")
    refused = gateway.admin("POST", "/v1/reload", {})
    assert refused.status == 422 and "WEIR0204" in {f["code"] for f in refused.json()["findings"]}
    assert serves(gateway, "/v3/models")


def test_a_reload_that_cannot_bind_changes_nothing(weir, manifests, upstream):
    server, other = upstream(reply(200, "one")), upstream(reply(200, "two"))
    folder = manifests({"all.yaml": routed(server.port)})
    gateway = weir("-f", folder, "--no-watch")
    put(folder, "all.yaml", routed(other.port, listening(other.port, "second")))
    for target in ("/v1/reload?dryRun=1", "/v1/reload"):
        report = gateway.admin("POST", target, {}).json()
        assert not report["ok"] and str(other.port) in report["message"]
    assert gateway.get("/v1/models").text == "one"


def test_a_dry_run_finds_what_a_reload_would_and_keeps_no_port(weir, manifests, upstream):
    server, new = upstream(reply()), free_port()
    folder = manifests({"all.yaml": routed(server.port)})
    gateway = weir("-f", folder, "--no-watch")
    put(folder, "all.yaml", routed(server.port, listening(new)))
    assert gateway.admin("POST", "/v1/reload?dryRun=1", {}).json()["ok"]
    socket.create_server(("127.0.0.1", new)).close()
    put(folder, "all.yaml", "# nothing\n")
    for target in ("/v1/reload?dryRun=1", "/v1/reload"):
        assert "serve nothing" in gateway.admin("POST", target, {}).json()["message"]
    assert serves(gateway, "/v1/models")


@pytest.mark.parametrize("flag", ["--filename", "--endpoints-file"])
def test_what_can_be_read_only_once_is_kept(weir, tmp_path, upstream, flag):
    server = upstream(reply())
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    endpoints = f"endpoints: [{{name: a, address: 127.0.0.1, port: '{server.port}'}}]"
    text = routed(server.port) if flag == "--filename" else endpoints
    threading.Thread(target=lambda: pipe.write_text(text), daemon=True).start()
    gateway = weir(flag, pipe, ready=False)
    gateway.wait_ready()
    assert gateway.admin("POST", "/v1/reload", {}).json()["ok"]
    assert serves(gateway, "/v1/models")


def become_a_pipe(path):
    """In one step, so that nobody sees the path without a file."""
    os.mkfifo(path.with_suffix(".pipe"))
    os.replace(path.with_suffix(".pipe"), path)


def test_a_pipe_in_the_place_of_a_file_is_a_failed_reload_and_holds_nothing_up(weir, manifests, upstream):
    server = upstream(reply())
    file = manifests({"all.yaml": routed(server.port)}) / "all.yaml"
    gateway = weir("-f", file)
    become_a_pipe(file)
    gateway.wait_log("not reloaded")
    assert "all.yaml is a pipe" in gateway.log
    assert gateway.metric("weir_config_last_reload_successful") == 0
    assert not gateway.admin("POST", "/v1/reload", {}).json()["ok"]
    assert serves(gateway, "/v1/models")
    put(file.parent, file.name, routed(server.port, path="/v2"))
    wait_for(lambda: serves(gateway, "/v2/models"), "the new route", 10)


def test_a_pipe_in_the_place_of_an_endpoints_file_keeps_what_was(weir, tmp_path, upstream):
    server = upstream(reply())
    file = tmp_path / "endpoints.yaml"
    text = "endpoints: [{{name: {}, address: 127.0.0.1, port: '{}'}}]"
    file.write_text(text.format("a", server.port))
    gateway = weir("--endpoints-file", file)
    become_a_pipe(file)
    gateway.wait_log("failed to reload endpoints file")
    assert "endpoints.yaml: a pipe" in gateway.log
    assert gateway.admin("POST", "/v1/reload", {}).json()["ok"]
    assert serves(gateway, "/v1/models")
    put(tmp_path, file.name, text.format("b", server.port))
    wait_for(lambda: gateway.admin("GET", "/v1/endpoints").json()["endpoints"][0]["name"].endswith("b"), "the new name", 10)


class Streams:
    """An endpoint whose streams go on until they are told to end; everything else is answered at once."""

    def __init__(self):
        self.end = asyncio.Event()
        self.open = 0

    async def answer(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = [int(v.split(b":")[1]) for v in head.lower().split(b"\r\n") if v.startswith(b"content-length:")]
                body = await reader.readexactly(length[0]) if length else b""
                if b'"stream"' not in body:
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}")
                    continue
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
                self.open += 1
                while not self.end.is_set():
                    writer.write(b"b\r\ndata: {}\n\n\n\r\n")
                    await asyncio.sleep(0.1)
                writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def test_two_hundred_reloads_under_load_fail_no_request_and_close_no_connection(weir, manifests):
    done = asyncio.Event()
    counted = {"requests": 0}

    async def keep_alive(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        ask = request("POST", "/v1/completions", {"model": "m", "prompt": "x"})
        while not done.is_set():
            writer.write(ask)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
            assert head.startswith(b"HTTP/1.1 200"), head
            assert b"connection: close" not in head.lower()
            assert await reader.readexactly(2) == b"{}"
            counted["requests"] += 1
            await asyncio.sleep(0.02)
        writer.close()

    async def stream(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("POST", "/v1/chat/completions", chat_body(stream=True)))
        answer = await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 120)
        assert answer.startswith(b"HTTP/1.1 200") and b"data: [DONE]" in answer
        writer.close()

    async def run(gateway_of):
        endpoint = Streams()
        server = await asyncio.start_server(endpoint.answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        folder = manifests({"all.yaml": routed(port)})
        gateway = await asyncio.to_thread(gateway_of, folder)
        streams = [asyncio.create_task(stream(gateway.port)) for _ in range(100)]
        alive = [asyncio.create_task(keep_alive(gateway.port)) for _ in range(50)]
        while endpoint.open < 100:
            await asyncio.sleep(0.01)
        for i in range(200):
            put(folder, "all.yaml", routed(port, route(f"/extra-{i % 2}", name=f"more-{i % 2}")))
            report = await asyncio.to_thread(lambda: gateway.admin("POST", "/v1/reload", {}).json())
            assert report["ok"], json.dumps(report)
        assert all(not t.done() for t in streams + alive), [t for t in streams + alive if t.done()]
        done.set()
        endpoint.end.set()
        await asyncio.gather(*streams, *alive)
        server.close()
        return gateway

    gateway = asyncio.run(run(lambda folder: weir("-f", folder, "--no-watch")))
    assert counted["requests"] > 200
    assert gateway.metric("weir_config_reloads_total", result="success") == 200
    assert gateway.metric("weir_config_reloads_total", result="failure") == 0


def test_a_reload_while_draining_opens_no_listener(weir, manifests, upstream):
    release = threading.Event()
    server, new = upstream(lambda exchange: release.wait(20) and reply()(exchange)), free_port()
    folder = manifests({"all.yaml": routed(server.port)})
    gateway = weir("-f", folder)
    with gateway.connect() as connection:
        connection.send(request("GET", "/v1/models"))
        server.wait_requests()
        gateway.signal(signal.SIGTERM)
        gateway.wait_log("draining")
        put(folder, "all.yaml", routed(server.port, listening(new, "second")))
        gateway.wait_log("configuration reloaded")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", new))
        release.set()
        assert connection.read_answer().status == 200
    assert gateway.wait_exit() == 0
