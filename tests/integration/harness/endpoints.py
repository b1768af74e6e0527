"""Endpoints with metrics pages: how they get into weir, and what the admin API says about them."""

import json
from pathlib import Path

from .sockets import wait_for
from .upstream import reply

PAGES = Path(__file__).parents[1] / "pages"


def page(name):
    return (PAGES / name).read_text()


def metrics_page(text, **headers):
    return reply(200, text, {"content-type": "text/plain; version=0.0.4; charset=utf-8", **headers})


def endpoints_file(tmp_path, servers, name="endpoints.json"):
    """A file with an endpoint for each {name: (upstream, labels)}."""
    path = tmp_path / name
    path.write_text(json.dumps({"endpoints": [{"name": n, "address": "127.0.0.1", "port": str(u.port), "labels": labels}
                                              for n, (u, labels) in servers.items()]}))
    return path


def endpoints(gateway):
    """What /v1/endpoints says, by the endpoint's name."""
    return {e["name"]: e for e in gateway.admin("GET", "/v1/endpoints").json()["endpoints"]}


def wait_read(gateway, names, seconds=10):
    """The endpoints, once a page of each of `names` was read and what it lacks is known."""

    def settled():
        all_of_them = endpoints(gateway)
        read = all(all_of_them[n]["signals"]["waiting"] is not None and all_of_them[n]["scrape"]["scrapes"] > 3
                   for n in names)
        return all_of_them if read else None

    return wait_for(settled, f"pages read of {names}", seconds)
