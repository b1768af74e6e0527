"""The command line: one table behind help, errors, environment, completion and the manual page."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import pytest

from harness import Connection, free_port, is_sanitized, reply, run_weir, wait_for, weir_binary
from harness.manifest import listing, path, pool, route, rule, to_pool, to_service
from harness.manifest_text import routed

COMMANDS = ["serve", "demo", "sim", "check", "explain", "version"]
ENDPOINT = ("--endpoint", "http://127.0.0.1:1")


def usage(*arguments, **how):
    """The one line that a usage error prints."""
    done = run_weir(*arguments, **how)
    assert done.returncode == 2, done
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("weir: "), done.stderr
    return lines[0]


@pytest.mark.parametrize("arguments, said", [
    ([], "a command is missing"),
    (["bogus"], "there is no command 'bogus'"),
    (["top"], "there is no command 'top'"),
    (["serv"], "did you mean serve?"),
    (["serve"], "--endpoint URL"),
    (["serve", "--endpont", "x"], "there is no flag --endpont; did you mean --endpoint?"),
    (["serve", *ENDPOINT, "more"], "'more' was not expected"),
    (["serve", "-f"], "--filename"),
    (["serve", "--endpoint", "https://h:1"], "--endpoint: 'https://h:1'"),
    (["serve", "--endpoint", "http://h:1/v1"], "leave the path out"),
    (["serve", "--endpoint", "http://h:0"], "a port from 1 to 65535"),
    (["serve", *ENDPOINT, "--listen", "8080"], "--listen: '8080' is not ADDR:PORT"),
    (["serve", *ENDPOINT, "--admin", "on"], "--admin: 'on' is not ADDR:PORT"),
    (["serve", *ENDPOINT, "--bind", "x"], "--bind: 'x' is not an IP address"),
    (["serve", *ENDPOINT, "--port-map", "80"], "--port-map: '80' is not FROM=TO"),
    (["serve", *ENDPOINT, "--drain-timeout", "5"], "--drain-timeout: '5' is not a duration"),
    (["serve", *ENDPOINT, "--max-body", "0"], "--max-body: '0' is not a number from 1 on"),
    (["serve", *ENDPOINT, "--log-format", "xml"], "--log-format: 'xml' is not one of auto, text, json"),
    (["serve", *ENDPOINT, "--v", "9"], "--v: '9' is not from 0 to 5"),
    (["serve", *ENDPOINT, "-v=9"], "--v: '9' is not from 0 to 5"),
    (["serve", *ENDPOINT, "--threads", "1.5"], "--threads: '1.5' is not a whole number"),
    (["serve", *ENDPOINT, "--threads", "0"], "--threads: '0' is not from 1 to 1024"),
    (["serve", *ENDPOINT, "--seed", "-1"], "--seed: '-1' is not a whole number"),
    (["serve", *ENDPOINT, "--scrape-cpu", "nan"], "--scrape-cpu: 'nan' is not a number of cores above 0"),
    (["serve", *ENDPOINT, "--listen"], "--listen: a value is missing: ADDR:PORT"),
    (["serve", *ENDPOINT, "--bind", "::1", "--bind", "::1"], "--bind: given twice, takes one value"),
    (["serve", *ENDPOINT, "--port-map", "80=1", "--port-map", "80=2"], "--port-map: port 80 is mapped twice"),
    (["serve", "--endpoints-file", "a", "--endpoints-file", "b"], "given twice for InferencePool default/default: a and b"),
    (["sevre"], "did you mean serve?"),
    (["-v", "2", "serve"], "a command comes before its flags: weir COMMAND -v"),
    (["serve", "-f", ""], "--filename: the path is empty"),
    (["serve", *ENDPOINT, "--access-log", ""], "--access-log: the path is empty"),
    (["serve", *ENDPOINT, "--expose-routing=maybe"], "--expose-routing: 'maybe' is not true or false"),
    (["serve", *ENDPOINT, "--", "more"], "'more' was not expected"),
    (["completion", "tcsh"], "'tcsh' is not one of bash, zsh, fish"),
    (["check", "/dev/null"], "did you mean -f /dev/null?"),
    (["sim", "--jitter", "2"], "--jitter: '2' is not a number from 0 to 0.5"),
    *(([command, "--config-file", "a", "--config-text", "b"],
       'both the "config-file" and "config-text" flags cannot be set at the same time')
      for command in ("serve", "check", "demo")),
    (["check"], "-f PATH"),
    (["explain"], "--request FILE"),
    (["explain", "some-id", "-f", "x"], "--request FILE"),
    (["explain", "--request", "/nonexistent"], "cannot read /nonexistent: No such file or directory (--request)"),
    (["explain", "--request", "/"], "cannot read /: Is a directory (--request)"),
    (["explain", "--request", "/dev/null"], "/dev/null is empty"),
    (["explain", "some-id", "--header", "a b: c"], "--header: 'a b: c' is not a header: ' ' at byte 2"),
    (["completion"], "a value is missing: SHELL"),
    (["completion", "tcsh"], "tcsh"),
    (["help", "bogus"], "there is no command 'bogus'"),
])
def test_a_wrong_command_line_is_one_line_that_names_the_place(arguments, said):
    assert said in usage(*arguments)


def test_a_request_that_is_no_json_is_told_with_its_place():
    said = run_weir("explain", "--request", "-", *ENDPOINT, stdin='{"model": "m",\n x')
    assert (said.returncode, said.stdout) == (1, "")
    assert re.fullmatch(r"weir: the body is not JSON: .* \(line 2, column 2\)\n", said.stderr), said.stderr


def test_explain_says_when_something_else_answers(upstream):
    other = upstream(reply(404, b"<html>not here</html>", {"content-type": "text/html"}))
    said = run_weir("explain", "some-id", "--admin", other.url.removeprefix("http://"))
    assert said.returncode == 1
    assert said.stderr == f"weir: what answers at {other.url.removeprefix('http://')} is no weir (--admin)\n"


def test_a_folder_is_no_picker_configuration(tmp_path):
    said = run_weir("serve", *ENDPOINT, "--config-file", tmp_path)
    assert said.returncode == 4
    assert said.stderr.startswith(f"error[WEIR0336]: {tmp_path} is a folder\n --> {tmp_path}\n")


def test_a_wrong_variable_is_named_and_the_command_line_wins():
    assert "--v: '9' is not from 0 to 5 (from WEIR_V)" in usage("serve", *ENDPOINT, env={"WEIR_V": "9"})
    assert "(from WEIR_ENDPOINT)" in usage("serve", env={"WEIR_ENDPOINT": "h"})
    assert "(from WEIR_IDLE_TIMEOUT)" in usage("serve", *ENDPOINT, env={"WEIR_IDLE_TIMEOUT": "soon"})
    said = usage("serve", *ENDPOINT, "--v", "7", env={"WEIR_V": "1"})
    assert "'7'" in said and "WEIR_V" not in said


def test_a_repeatable_flag_takes_a_list_from_its_variable(weir, upstream):
    first, second = upstream(), upstream()
    gateway = weir(env={"WEIR_ENDPOINT": f"{first.url}, {second.url}"})
    pools = json.loads(gateway.admin("GET", "/v1/pools").text)["pools"]
    assert [p["total"] for p in pools] == [2]


def test_help_lists_every_command_and_every_flag_with_its_variable():
    said = run_weir("--help")
    assert said.returncode == 0 and said.stderr == ""
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", said.stdout, re.M)
        assert run_weir("help", name).stdout == run_weir(name, "--help").stdout
    serve = run_weir("serve", "--help", env={"WEIR_V": "9"}).stdout  # a wrong variable does not hide the help
    assert run_weir("--help", "serve").stdout == serve
    assert run_weir("help").stdout == run_weir("-h").stdout == said.stdout
    for flag, standard in (("listen", "127.0.0.1:8080"), ("admin", "127.0.0.1:9901"), ("max-body", "64Mi"),
                           ("drain-timeout", "30s"), ("refresh-metrics-interval", "50ms"), ("scrape-cpu", "0.1")):
        variable = "WEIR_" + flag.upper().replace("-", "_")
        assert re.search(rf"^  --{flag} [^\[]+\[default\s+{re.escape(standard)},\s+{variable}\]$", serve, re.M), flag
    for name in COMMANDS:
        assert max(map(len, run_weir(name, "--help").stdout.splitlines())) <= 80


def test_version_is_data_on_stdout():
    assert re.fullmatch(r"weir \d+\.\d+\.\d+ \(\w+\)\n", run_weir("version").stdout)
    assert run_weir("--version").stdout == run_weir("-V").stdout == run_weir("version").stdout


def test_bash_completes_commands_flags_and_words(tmp_path):
    script = run_weir("completion", "bash").stdout
    (tmp_path / "weir.bash").write_text(script)

    def complete(*words):
        program = (f"source {tmp_path}/weir.bash; COMP_WORDS=({' '.join(repr(w) for w in words)}); "
                   f"COMP_CWORD={len(words) - 1}; _weir; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=10)
        assert done.stderr == ""
        return done.stdout.split()

    assert complete("weir", "se") == ["serve"]
    assert complete("weir", "serve", "--max-b") == ["--max-body", "--max-buffered"]
    assert complete("weir", "check", "--format", "") == ["text", "json", "github"]
    assert complete("weir", "serve", "--seed", "") == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_read_their_completion(shell):
    script = run_weir("completion", shell).stdout
    assert "max-body" in script and "reference weir" in script
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here to read it")
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, timeout=10)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish here")
def test_fish_completes_commands_flags_and_words(tmp_path):
    (tmp_path / "weir.fish").write_text(run_weir("completion", "fish").stdout)

    def complete(line):
        program = f"source {tmp_path}/weir.fish; complete -C'{line}'"
        done = subprocess.run(["fish", "--no-config", "-c", program], capture_output=True, text=True, timeout=20,
                              env={**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)})
        return [line.split("\t")[0] for line in done.stdout.splitlines()]

    assert complete("weir che") == ["check"]
    assert complete("weir serve --max-b") == ["--max-body", "--max-buffered"]
    assert complete("weir check --format ") == ["github", "json", "text"]


@pytest.mark.skipif(not shutil.which("zsh"), reason="no zsh here")
def test_zsh_completes_from_a_file_of_its_function_path(tmp_path):
    (tmp_path / "_weir").write_text(run_weir("completion", "zsh").stdout)
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="dumb", HOME=str(tmp_path))
        os.execvp("zsh", ["zsh", "-f", "-i"])
    shown = b""

    def type_until(keys, wanted, seconds=20):
        nonlocal shown
        shown, end = b"", time.monotonic() + seconds
        os.write(fd, keys)
        while wanted not in shown:
            assert time.monotonic() < end, (keys, shown)
            if select.select([fd], [], [], 0.1)[0]:
                shown += os.read(fd, 65536)

    try:
        type_until(f"fpath=({tmp_path} $fpath); autoload -U compinit; compinit -u -D; print re''ady\n".encode(), b"ready\r\n")
        type_until(b"weir serve --max-b\t\t", b"--max-buffered")
        type_until(b"\x15weir check --format \t\t", b"github")
        type_until(b"\x15weir comp\t", b"completion")
    finally:
        os.close(fd)
        os.waitpid(pid, 0)


def test_the_manual_page_names_every_flag_and_exit_code():
    page = run_weir("man").stdout
    assert page.startswith(".TH WEIR 1")
    plain = page.replace("\\", "")
    flags = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", run_weir("serve", "--help").stdout, re.M)) - {"--help"}
    assert len(flags) > 30
    assert [f for f in flags if f not in plain] == []
    assert re.findall(r"^\.TP\n(\d)$", page, re.M) == ["0", "1", "2", "3", "4", "5", "6"]
    for word in ("SIGHUP", "SIGUSR1", "SIGUSR2", "NO_COLOR", "NOTIFY_SOCKET"):
        assert f"\n.TP\n{word}\n" in page


def test_findings_have_colours_on_a_terminal_that_takes_them():
    def shown(**environment):
        ours, theirs = pty.openpty()
        env = {k: v for k, v in os.environ.items() if not k.startswith(("WEIR_", "NO_COLOR"))}
        subprocess.run([weir_binary(), "check", "-f", "/nonexistent"], stdout=theirs, stderr=subprocess.DEVNULL,
                       env={**env, "TERM": "xterm", **environment}, timeout=20)
        os.close(theirs)
        text = os.read(ours, 65536)
        os.close(ours)
        return text

    assert b"\x1b[1;31merror[WEIR0501]" in shown()
    assert b"\x1b[1;31merror[WEIR0501]" in shown(NO_COLOR="")  # no-color.org: present and not empty
    for refusal in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert b"\x1b" not in shown(**refusal), refusal


def on_terminal(*arguments, until, seconds=20):
    """What a command writes to a terminal until `until` shows, then Ctrl-C; its exit code too."""
    pid, fd = pty.fork()
    if pid == 0:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("WEIR_", "SD_"))}
        os.execve(weir_binary(), [weir_binary(), *arguments], environment)
    shown, sent, end = b"", False, time.monotonic() + seconds
    while time.monotonic() < end:
        if not select.select([fd], [], [], 0.1)[0]:
            continue
        try:
            more = os.read(fd, 65536)
        except OSError:
            break
        if not more:
            break
        shown += more
        if until in shown.decode() and not sent:
            first, sent = shown.decode().replace("\r", ""), True
            os.write(fd, b"\x03")
    if not sent:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    assert sent, shown.decode()
    return first, code


def test_the_first_lines_on_a_terminal_and_the_curl_line_of_the_demo():
    shown, code = on_terminal("demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", until="Hello\"}]}'\r\n")
    lines = [line for line in shown.splitlines() if line]
    assert 3 <= len(lines) <= 8, shown
    assert re.fullmatch(r"weir \d+\.\d+\.\d+", lines[0])
    assert re.search(r"data +http://127\.0\.0\.1:[1-9]\d+$", shown, re.M)
    assert re.search(r"admin +http://127\.0\.0\.1:[1-9]\d+/$", shown, re.M)
    assert re.search(r"pools +default/default 3/3 ready", shown)
    assert lines[-1].startswith("curl http://127.0.0.1:")
    assert code == 0


def test_the_first_lines_say_the_one_thing_that_is_wrong():
    shown, code = on_terminal("serve", "--endpoint", f"http://127.0.0.1:{free_port()}", "--listen", "127.0.0.1:0",
                              "--admin", "off", until="cannot be read")
    wrong = [line for line in shown.splitlines() if line.startswith("  attention ")]
    assert len(wrong) == 1 and "(connection refused)" in wrong[0], shown
    assert code == 0


def test_a_log_that_no_person_reads_has_every_warning_and_only_json(weir, tmp_path):
    (tmp_path / "a.yaml").write_text(listing(route(rule(to_pool("p"), to_service("s")))))
    gateway = weir("-f", tmp_path)
    gateway.wait_log("no file defines Service default/s")
    gateway.signal(signal.SIGHUP)
    gateway.wait_log("configuration reloaded")
    lines = [json.loads(line) for line in gateway.log.splitlines()]
    assert {"msg": "started", "level": "info"}.items() <= lines[0].items()
    found = {line["code"]: line["at"] for line in lines if line["level"] == "warning"}
    assert found.keys() == {"WEIR0301", "WEIR0302"}
    assert all(re.fullmatch(rf"{tmp_path}/a\.yaml:\d+:\d+", place) for place in found.values()), found
    assert [line["version"] for line in lines if line["msg"] == "configuration reloaded"] == [2]


def test_each_level_of_the_log_adds_its_lines(weir, upstream):
    lines = ("decision", "scores", "an attempt begins", "an answer begins", "request")
    debug = [line for line in lines if line != "an attempt begins"]
    for level, wanted in ((1, []), (2, ["request"]), (3, ["decision", "request"]), (4, debug), (5, list(lines))):
        server = upstream()
        gateway = weir("--endpoint", server.url, "-v", str(level))
        assert gateway.post("/v1/completions", {"model": "m", "prompt": "x"}).status == 200
        assert gateway.stop() == 0
        said = [json.loads(line) for line in gateway.log.splitlines()]
        assert [s["msg"] for s in said if s["msg"] in lines] == wanted, level
    assert {s["level"] for s in said if s["msg"] in ("an attempt begins", "a scrape ended")} == {"trace"}
    totals = next(s["totals"] for s in said if s["msg"] == "scores")
    assert re.fullmatch(rf"default/{re.escape(server.url[7:])}=[\d.]+", totals)


def test_a_log_for_a_person_leaves_out_what_is_empty_and_quotes_what_has_spaces(weir, upstream):
    gateway = weir("--endpoint", upstream().url, "-v", "2", "--log-format", "text")
    assert gateway.post("/v1/completions", {"prompt": "x"}).status == 400
    assert gateway.stop() == 0
    line = next(line for line in gateway.log.splitlines() if " request " in line)
    assert "reason=model-not-found" in line and "endpoint=" not in line and "model= " not in line
    assert 'configuration="1 --endpoint"' in gateway.log


def test_many_silent_endpoints_do_not_flood_the_first_lines():
    dead = [flag for port in range(1, 9) for flag in ("--endpoint", f"http://127.0.0.1:{port}")]
    shown, code = on_terminal("serve", *dead, "--listen", "127.0.0.1:0", "--admin", "off",
                              until="the metrics of 8 endpoints cannot be read")
    assert len(shown.splitlines()) <= 8, shown
    assert code == 0


def test_the_simulators_of_the_demo_serve_the_pool_of_manifests(weir, tmp_path):
    (tmp_path / "a.yaml").write_text(routed(free_port()))
    demo = weir("-f", tmp_path, command="demo")
    assert demo.wait_log("3 simulated model servers")
    pools = json.loads(demo.admin("GET", "/v1/pools").text)["pools"]
    assert [(p["name"], p["total"]) for p in pools] == [("llm", 3)]


def test_a_simulator_ends_with_an_interrupt():
    shown, code = on_terminal("sim", "--listen", "127.0.0.1:0", until="simulated model server")
    assert code == 0, shown


def test_the_curl_line_of_the_demo_works_when_pasted(weir):
    gateway = weir(command="demo")
    line = next(line for line in gateway.wait_log("curl ").splitlines() if line.startswith("curl "))
    done = subprocess.run(["bash", "-c", line.replace("curl ", "curl -s ", 1)], capture_output=True, text=True,
                          timeout=30)
    assert json.loads(done.stdout)["choices"][0]["message"]["content"]
    assert gateway.get("/v1/models").status == 200


def test_explain_answers_dry_from_a_running_weir_and_from_a_configuration(weir, upstream, tmp_path):
    body = tmp_path / "body.json"
    body.write_text('{"model": "m", "prompt": "Hello"}')
    server = upstream()
    gateway = weir("--endpoint", server.url)
    admin = f"127.0.0.1:{gateway.admin_port}"
    asked = run_weir("explain", "--admin", admin, "--request", body)
    alone = run_weir("explain", "--endpoint", server.url, "--request", "-", stdin=body.read_text())
    for done in (asked, alone):
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("POST /v1/completions  pool default/default  model m\n")
        assert re.search(rf"^  > +default/{re.escape(server.url[7:])} ", done.stdout, re.M), done.stdout
    for where in (("--admin", admin), ("--endpoint", server.url)):
        seeded = json.loads(run_weir("explain", *where, "--request", body, "--seed", "9", "--json").stdout)
        assert seeded["seed"] == "9", seeded
        wished = [part for name in ("a", "b") for part in ("--header", f"x-llm-d-model-name-rewrite: {name}")]
        told = run_weir("explain", *where, "--request", body, *wished)
        assert told.returncode == 0 and "-> a, b" in told.stdout, told
    answer = gateway.post("/v1/completions", body.read_bytes(), {"x-request-id": "one-of-mine"})
    assert answer.status == 200
    past = run_weir("explain", "one-of-mine", "--admin", admin)
    assert past.returncode == 0 and "request one-of-mine, priority 0, status 200" in past.stdout
    # In a container the environment names what is served; a past request is asked of the running weir all the same.
    assert run_weir("explain", "one-of-mine", "--admin", admin, env={"WEIR_ENDPOINT": server.url}).stdout == past.stdout
    as_json = json.loads(run_weir("explain", "one-of-mine", "--admin", admin, "--json").stdout)
    assert as_json["requestId"] == "one-of-mine"
    refused = gateway.post("/v1/completions", {"prompt": "x"}, {"x-request-id": "refused/one"})
    assert refused.status == 400
    told = run_weir("explain", "refused/one", "--admin", admin)
    assert told.returncode == 0 and "before an endpoint was chosen: model-not-found" in told.stdout, told
    wrong = run_weir("explain", "--admin", admin, "--request", "-", stdin='{"model"')
    assert (wrong.returncode, wrong.stderr.startswith("weir: the body is not JSON: ")) == (1, True), wrong
    unknown = run_weir("explain", "nobody", "--admin", admin)
    assert (unknown.returncode, "no decision of request nobody" in unknown.stderr) == (1, True)


def test_explain_finds_the_pool_of_a_dry_request_by_the_routes(weir, upstream, tmp_path):
    server, dead = upstream(), free_port()
    to_either = route(rule(to_pool("q"), matches=[path("/q")]), rule(to_pool("p")), name="r")
    (tmp_path / "a.yaml").write_text(listing(to_either, *pool("p", server), *pool("q", f"127.0.0.1:{dead}")))
    body = '{"model": "m", "prompt": "Hello"}'
    for target, name in (("/v1/completions", "p"), ("/q/v1/completions", "q")):
        told = run_weir("explain", "-f", tmp_path, "--request", "-", "--path", target, stdin=body)
        assert told.stdout.startswith(f"POST {target}  pool default/{name}  model m\n"), told
        assert "\nHTTPRoute default/r leads there\n" in told.stdout


def test_output_that_cannot_be_written_is_a_failure():
    for ending in (">/dev/full", ">&-"):
        done = subprocess.run(["sh", "-c", f'"$0" version {ending}', weir_binary()], capture_output=True, text=True,
                              timeout=30)
        assert (done.returncode, done.stderr.startswith("weir: cannot write to standard output: ")) == (1, True), ending


@pytest.mark.skipif(is_sanitized(), reason="a sanitizer needs descriptors of its own")
def test_too_few_descriptors_to_start_with_is_said_in_a_sentence():
    for limit in (8, 10, 12, 14):
        done = subprocess.run(["sh", "-c", f'ulimit -n {limit}; exec timeout -s INT 0.3 "$0" serve --endpoint '
                               "http://127.0.0.1:1 --listen 127.0.0.1:0 --admin off", weir_binary()],
                              capture_output=True, text=True, timeout=30)
        assert done.returncode in (1, 6, 124), (limit, done)  # 124: it was enough
        if done.returncode != 124:
            assert done.stderr.startswith("weir: ") and "Too many open files" in done.stderr, done


def test_a_socket_never_takes_the_place_of_a_closed_descriptor(upstream):
    """A log line that went into a client's connection would be an answer nobody asked for."""
    server, port = upstream(), free_port()
    child = subprocess.Popen(["sh", "-c", f'exec "$0" serve --endpoint {server.url} --listen 127.0.0.1:{port} '
                              "--admin off -v 5 <&- >&- 2>&-", weir_binary()])
    try:
        wait_for(lambda: accepts(port), "the data port")
        links = [os.readlink(f"/proc/{child.pid}/fd/{fd}") for fd in range(3)]
        assert links == ["/dev/null"] * 3
    finally:
        child.terminate()
        assert child.wait(timeout=30) == 0


def accepts(port):
    try:
        with Connection(("127.0.0.1", port)):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_a_wait_for_standard_input_can_be_interrupted(number):
    child = subprocess.Popen([weir_binary(), "serve", "-f", "-", "--admin", "off"], stdin=subprocess.PIPE)
    with child.stdin:
        # Once SIGHUP is blocked the rest of the start is behind it, up to the reading.
        wait_for(lambda: int(process_status(child.pid, "SigBlk"), 16) & 1 << (signal.SIGHUP - 1), "signals blocked")
        child.send_signal(number)
        assert child.wait(timeout=10) == -number


def process_status(pid, field):
    """The value of a line of /proc/PID/status."""
    with open(f"/proc/{pid}/status") as lines:
        return next(line.split()[1] for line in lines if line.startswith(f"{field}:"))


def test_only_signals_that_ask_for_the_end_end_it(weir, upstream):
    server = upstream(reply())
    gateway = weir("--endpoint", server.url)
    for number in (signal.SIGWINCH, signal.SIGPIPE, signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR2):
        gateway.signal(number)
    gateway.wait_log("SIGUSR2 does nothing")
    assert gateway.get("/v1/models").status == 200
    gateway.signal(signal.SIGQUIT)
    gateway.wait_log("draining")
    assert gateway.wait_exit() == 0


def test_a_simulator_ends_with_the_same_signals():
    port = free_port()
    child = subprocess.Popen([weir_binary(), "sim", "--listen", f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL)
    wait_for(lambda: accepts(port), "the simulator")
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT):
        child.send_signal(number)
    assert child.wait(timeout=10) == 0


def test_a_second_signal_ends_at_once(weir, upstream):
    server = upstream()
    gateway = weir("--endpoint", server.url, expect_exit=None)
    with gateway.connect() as connection:
        connection.send(b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        gateway.signal(signal.SIGINT)
        gateway.wait_log("draining")
        gateway.signal(signal.SIGTERM)
        assert gateway.wait_exit() in (128 + signal.SIGTERM, -signal.SIGTERM)
