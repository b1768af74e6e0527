"""The dashboard in a real browser: what a person sees is what the admin API says."""

import gzip
import json
import re
import shutil
import threading

import pytest

from harness import free_port, reply, request, wait_for

webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium here")
chrome = pytest.importorskip("selenium.webdriver.chrome.service", reason="no selenium here")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium with its driver here")

SWITCHES = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--window-size=1280,900"]


class Browser:
    """One window on a gateway's dashboard."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, gateway, where):
        self.driver.get("about:blank")
        self.driver.get(f"http://127.0.0.1:{gateway.admin_port}/ui/#/{where}")

    @property
    def text(self):
        return re.sub(r"\s+", " ", self.driver.find_element("tag name", "body").text)

    def shows(self, pattern, seconds=20):
        """The page's text, once the pattern is found in it."""
        try:
            wait_for(lambda: re.search(pattern, self.text), f"{pattern!r} on the page", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text}") from None
        return self.text

    def find(self, selector):
        return self.driver.find_elements("css selector", selector)

    def resize(self, width):
        """The page's width in CSS pixels; None: the window's own."""
        if width is None:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        else:
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})

    def hidden_parts(self):
        """What is wider than the place it has: parts of the page that one has to scroll sideways."""
        return self.driver.execute_script(
            "return [...document.querySelectorAll('html, .card, .scroll, td')]"
            ".filter(e => e.offsetParent !== null && e.scrollWidth > e.clientWidth + 1)"
            ".map(e => e.className + ': ' + e.textContent.slice(0, 60))")

    def style_of(self, word, what):
        """How the number before this word of a header is shown; asked in one go, since headers are drawn anew each second."""
        return self.driver.execute_script(
            "return [...document.querySelectorAll('.stat')].filter(e => e.textContent.endsWith(' ' + arguments[0]))"
            ".map(e => getComputedStyle(e.querySelector('b'))[arguments[1]])[0]", word, what)

    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in [*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=chrome.Service(DRIVER), options=options)
    yield Browser(driver)
    driver.quit()


@pytest.fixture
def browser(window):
    yield window
    complaints = window.complaints()
    window.driver.get("about:blank")  # before the gateway goes, or its loss is the next test's complaint
    window.complaints()
    assert complaints == []


def test_pools_show_each_endpoint_as_the_api_does(weir, upstream, browser):
    server = upstream()
    server.set_metrics(waiting=7, running=3, kv=0.42)
    dead = free_port()
    gateway = weir("--endpoint", server.url, "--endpoint", f"http://127.0.0.1:{dead}")

    def known():
        listed = json.loads(gateway.admin("GET", "/v1/endpoints").text)["endpoints"]
        return {e["address"]: e for e in listed}

    live = server.url.removeprefix("http://")
    wait_for(lambda: known()[live]["signals"]["waiting"] == 7, "the scraped queue")
    browser.open(gateway, "pools")
    text = browser.shows(r"connection refused")
    row = text[text.index(live):]
    assert re.search(r"ready .*? 7 3 42 %", row), row[:300]
    assert f"127.0.0.1:{dead}" in text


def test_the_explorer_has_the_numbers_of_explain(weir, upstream, browser):
    first, second = upstream(), upstream()
    first.set_metrics(waiting=4, kv=0.5)
    # Scores of this one depend on nothing that moves on: they come out again as they were.
    gateway = weir("--endpoint", first.url, "--endpoint", second.url, "--picker-preset", "reference")
    answer = gateway.chat(headers={"x-request-id": "seen-in-the-browser"})
    assert answer.status == 200
    decision = json.loads(gateway.admin("GET", "/v1/decisions/seen-in-the-browser").text)
    browser.open(gateway, "decisions")
    wait_for(lambda: browser.find('[aria-label="explain seen-in-the-browser"]'), "the request in the list")
    browser.find('[aria-label="explain seen-in-the-browser"]')[0].click()
    browser.shows("Request seen-in-the-browser")
    for candidate in decision["candidates"]:
        shown = f"{candidate['total']:.4f}".rstrip("0").rstrip(".")
        browser.shows(rf"{re.escape(candidate['endpoint'])} .*?{re.escape(shown)}")


def test_rates_tokens_and_percentiles_are_above_the_pools(weir, upstream, browser):
    gateway = weir("--endpoint", upstream().url)
    browser.open(gateway, "pools")
    browser.shows(r"Last 10 s 0 requests/s 0 tokens/s out 0 tokens/s in 0 shed/s 0 errors/s – TTFT p50")
    for _ in range(3):
        assert gateway.chat(stream=True).status == 200
    browser.shows(r"Last 10 s [\d.]*[1-9][\d.]* requests/s .*? \d+ ms TTFT p50 \d+ ms TTFT p95 \d+ ms TTFT p99 3 streams")


def test_a_request_is_explained_on_the_page_without_being_sent(weir, upstream, browser):
    server = upstream()
    gateway = weir("--endpoint", server.url)
    browser.open(gateway, "decisions")
    wait_for(lambda: browser.find("summary"), "the panel")
    browser.find("summary")[0].click()
    field, ask = browser.find("textarea")[0], browser.find("form button")[0]
    field.clear()
    field.send_keys('{"model": "m", "messages": [{"role": "user", "content": "Hello"}]}')
    ask.click()
    browser.shows(rf"default/{re.escape(server.url[7:])} default/default pool .*? m model 0 priority")
    assert "max-score-picker picker" in browser.text
    field.clear()
    field.send_keys('{"model": "m"}')
    ask.click()
    browser.shows(r"Refused: 400 .*? prompt not found in request \(prompt-not-found\)")
    assert server.requests == []


def test_a_failed_reload_is_on_the_page_with_its_place(weir, manifests, browser):
    good = """
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: p}
spec:
  selector: {matchLabels: {app: x}}
  targetPorts: [{number: 8000}]
  endpointPickerRef: {name: epp, port: {number: 9002}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: g}]
  rules: [{backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: p}]}]
"""
    folder = manifests({"all.yaml": good})
    gateway = weir("-f", str(folder), "--no-watch")
    (folder / "all.yaml").write_text(good.replace("targetPorts", "targetPort"))
    assert gateway.admin("POST", "/v1/reload", b"{}", {"content-type": "application/json"}).status in (200, 422)
    browser.open(gateway, "config")
    browser.shows(r"all\.yaml:7:")
    assert "did you mean targetPorts?" in browser.text
    browser.open(gateway, "pools")  # every page says it
    browser.shows(r"last reload: 1 error; the running configuration stays in force")


def test_a_sum_of_numbers_that_are_all_stale_is_dimmed(weir, upstream, browser):
    servers = [upstream() for _ in range(2)]
    gateway = weir(*[word for s in servers for word in ("--endpoint", s.url)])
    browser.open(gateway, "pools")
    for server, opacity in zip([*servers, None], ("1", "1", "0.5")):
        wait_for(lambda: browser.style_of("running", "opacity") == opacity, opacity, 20)
        if server:
            server.stop()
            browser.shows("connection refused")


def test_long_names_and_trouble_are_in_view_at_every_width(weir, upstream, manifests, browser):
    model = "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8-" + "with-a-long-adapter-name-" * 4
    live, dead = upstream(), free_port()
    place = manifests({"endpoints.yaml": "endpoints:\n" + "".join(
        f"- {{name: vllm-llama-4-maverick-decode-{port}-7f9c8d6b5-x0zkq, namespace: production-inference,"
        f" address: 127.0.0.1, port: '{port}'}}\n" for port in (live.port, dead))})
    gateway = weir("--endpoints-file", place / "endpoints.yaml")
    for _ in range(2):
        gateway.chat(model=model)
    pages = {"pools": "connection refused", "decisions": re.escape(model), "config": "endpoints.yaml",
             "health": "first-scrape"}
    try:
        for width in (400, 800, 1200):
            browser.resize(width)
            for page, text in pages.items():
                browser.open(gateway, page)
                browser.shows(text)
                assert browser.hidden_parts() == [], (page, width)
        browser.open(gateway, "pools")
        browser.shows("1 stale")
        assert browser.style_of("stale", "color") != browser.style_of("ready", "color")
    finally:
        browser.resize(None)


def test_a_pool_without_endpoints_says_what_its_requests_get(weir, manifests, browser):
    gateway = weir("--endpoints-file", manifests({"none.yaml": "endpoints: []\n"}) / "none.yaml")
    browser.open(gateway, "pools")
    browser.shows("0/0 ready .* No endpoint: every request gets 503 no healthy upstream")


def test_bands_and_flows_are_on_the_flow_page(weir, upstream, manifests, browser):
    server = upstream()
    server.set_metrics(waiting=100)
    document = {"apiVersion": "llm-d.ai/v1alpha1", "kind": "EndpointPickerConfig", "featureGates": ["flowControl"],
                "plugins": [{"type": "utilization-detector", "parameters": {"queueDepthThreshold": 5}}],
                "flowControl": {"priorityBands": [{"priority": 0, "maxRequests": 20}]}}
    gateway = weir("--endpoint", server.url, "--config-text", json.dumps(document))
    browser.open(gateway, "flow")
    browser.shows(r"default/default 0 waiting .*? 0 of 20 .*? No request waits\.")
    with gateway.connect() as connection:
        connection.send(request("POST", "/v1/completions", {"model": "m", "prompt": "x"},
                                {"x-gateway-inference-fairness-id": "team-a"}))
        browser.shows(r"1 waiting .*? 1 of 20 .*? team-a 0 1 ")
    gateway.stop()


def test_a_request_that_ends_behind_the_page_does_not_stay_open(weir, upstream, browser):
    gate = threading.Event()
    server = upstream(lambda exchange: (gate.wait(20), reply(200, {})(exchange)))
    gateway = weir("--endpoint", server.url)
    with gateway.connect() as connection:
        connection.send(request("POST", "/v1/completions", {"model": "m", "prompt": "x"}))
        server.wait_requests()
        browser.open(gateway, "decisions")
        browser.shows(r"default/127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+ \S+ open")
        gate.set()
        browser.shows(r"default/127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+ \S+ 200")
        connection.read_answer()


def test_the_dashboard_is_small_and_asks_no_other_host(weir, upstream):
    gateway = weir("--endpoint", upstream().url)
    shell = gateway.admin("GET", "/ui/").text
    names = set(re.findall(r'(?:src|href)="([^"#]+)"', shell))
    assert not any("//" in name for name in names)
    todo, sizes = list(names), {"": len(gzip.compress(shell.encode()))}
    while todo:
        name = todo.pop().removeprefix("./")
        if name in sizes:
            continue
        answer = gateway.admin("GET", f"/ui/{name}")
        assert answer.status == 200, name
        sizes[name] = len(gzip.compress(answer.body))
        if name.endswith(".js"):
            todo += re.findall(r'(?:from|import\()\s*"(\./[^"]+)"', answer.text)
    assert len(sizes) > 5
    assert sum(sizes.values()) < 150_000
