"""Many pools over the same endpoints in one gateway, each with a picker configuration of its own."""

import json


def pod(name, port, labels=()):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "labels": {"app": "m", **dict(labels)},
                         "annotations": {"weir.dev/address": f"127.0.0.1:{port}"}}}


def pool(name, picker):
    """An InferencePool over all pods, the picker's configuration, and the rule `/NAME/…` of a route."""
    kind = "inference.networking.k8s.io"
    return [
        {"apiVersion": f"{kind}/v1", "kind": "InferencePool", "metadata": {"name": name, "namespace": "default"},
         "spec": {"selector": {"matchLabels": {"app": "m"}}, "targetPorts": [{"number": 8000}],
                  "endpointPickerRef": {"name": name, "port": {"number": 9002}}}},
        {"apiVersion": "llm-d.ai/v1alpha1", "kind": "EndpointPickerConfig", "metadata": {"name": name}, **picker},
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
         "metadata": {"name": name, "namespace": "default"},
         "spec": {"parentRefs": [{"name": "gateway"}], "rules": [
             {"matches": [{"path": {"type": "PathPrefix", "value": f"/{name}/"}}],
              "filters": [{"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch",
                                                                        "replacePrefixMatch": "/"}}}],
              "backendRefs": [{"group": kind, "kind": "InferencePool", "name": name}]}]}},
    ]


def manifests_of(pods, pickers):
    """The text of one file: the pods, and a pool for each name of `pickers`."""
    items = list(pods) + [item for name, picker in pickers.items() for item in pool(name, picker)]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def alone(plugin_type, parameters=None, weight=None):
    """One plugin in one profile."""
    plugin = {"type": plugin_type, **({"parameters": parameters} if parameters else {})}
    entry = {"pluginRef": plugin_type, **({"weight": weight} if weight is not None else {})}
    return {"plugins": [plugin], "schedulingProfiles": [{"name": "default", "plugins": [entry]}]}


class Explained:
    """What POST /v1/explain says about a request that is not sent."""

    def __init__(self, answer):
        self.status, self.body = answer.status, json.loads(answer.text)

    @property
    def ran(self):
        return [p["name"] for p in self.body["profiles"]]

    def profile(self, name=None):
        return next(p for p in self.body["profiles"] if name in (None, p["name"]))

    def raw(self, scorer=0, profile=None):
        """The scores of one scorer, in the order of the survivors."""
        return [s["raw"] for s in self.profile(profile)["scorers"][scorer]["scores"]]

    def totals(self, profile=None):
        return [t["total"] for t in self.profile(profile)["totals"]]

    def survivors(self, profile=None):
        return [e.removeprefix("default/").split("-rank-")[0] for e in self.profile(profile)["survivors"]]


def explain(gateway, pool_name, content="hi", **asked):
    body = {"pool": pool_name, "model": "m", "seed": 1, **asked}
    if not {"messages", "prompt", "body"} & set(asked):
        body["messages"] = [{"role": "user", "content": content}]
    return Explained(gateway.admin("POST", "/v1/explain", body))
