#include "config/codes.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/strings.hpp"

namespace weir::config {

namespace {

constexpr std::array table{
    // 01xx: the text itself
    code_info{"WEIR0101", "the text is not YAML",
              "The file could not be read as YAML at this place. Reading goes on at the next "
              "`---`, so that mistakes in the\n"
              "other documents are reported in the same pass. Usual causes: a tab in the "
              "indentation, a `:` in a text without\n"
              "quotes, a bracket or quote that is never closed, keys of one mapping in different "
              "columns."},
    code_info{"WEIR0102", "the text is not JSON",
              "A file named .json is read strictly as RFC 8259: double quotes only, no comments, "
              "no comma behind the last\n"
              "value. Name the file .yaml to have it read as YAML."},
    code_info{"WEIR0103", "the text is not UTF-8",
              "Manifests are UTF-8, with or without a byte order mark. Save the file as UTF-8; "
              "editors on Windows may write\n"
              "UTF-16 or a local code page."},
    code_info{"WEIR0104", "nested too deeply",
              "Lists and mappings may be nested 128 levels deep, lists of manifests 4 levels. No "
              "manifest needs more."},
    code_info{"WEIR0105", "too many values",
              "One document may hold 1,000,000 values, of which 250,000 may come from anchors, "
              "aliases and merge keys. The\n"
              "bound keeps a small file from expanding to more than the machine's memory."},
    code_info{"WEIR0106", "an alias without an anchor",
              "`*name` repeats the value that `&name` marked earlier in the same document. A text "
              "that starts with `*`, such\n"
              "as the hostname *.example.com, needs quotes."},
    code_info{"WEIR0107", "a merge key without a mapping",
              "`<<: *name` merges the fields of a mapping, or of each mapping of a list, into the "
              "one it stands in. The\n"
              "anchor named here marks something else."},
    code_info{"WEIR0108", "a key that is not a text",
              "Keys of a mapping are plain texts, as they are in JSON."},
    code_info{"WEIR0109", "the text is too large",
              "One source may have 64 MiB. Split it into several files of one folder."},
    code_info{"WEIR0110", "a key appears twice",
              "Of two equal keys in one mapping many tools keep the last and say nothing. weir and "
              "strict clusters refuse\n"
              "the file, since one of the two values would be lost."},
    code_info{"WEIR0112", "a template instead of a manifest",
              "The file has `{{ … }}`, which a tool such as Helm replaces. Render it first and "
              "read the result:\n"
              "`helm template CHART | weir serve -f -`."},
    code_info{
        "WEIR0113", "an unresolved merge conflict",
        "A line starts with the marks that version control leaves in a file it could not merge."},

    // 02xx: the schema of a kind
    code_info{"WEIR0201", "not a manifest",
              "Every document is a mapping with apiVersion, kind and metadata. A list of manifests "
              "is written as a document\n"
              "of `kind: List` with `items`, or as several documents separated by `---`."},
    code_info{"WEIR0202", "no such kind in this group",
              "The API group is one that weir reads, but it has no such kind. The object is "
              "skipped, so whatever it was\n"
              "meant to define is missing; that usually shows as a 404 or a 500 later."},
    code_info{"WEIR0203", "not a version of this kind that weir reads",
              "The kind is known, but in another API group or version. The object is skipped. The "
              "versions weir reads are\n"
              "listed with the finding; for most kinds the fields did not change and only "
              "apiVersion has to."},
    code_info{"WEIR0204", "a required field is missing",
              "The field has no default. The finding points at what it is missing from."},
    code_info{"WEIR0205", "unknown field",
              "The kind has no such field, so what it says would have no effect. The nearest known "
              "name and all known names\n"
              "are listed. Metadata, status and the fields of Pods, Services and other core kinds "
              "that weir does not read are\n"
              "never reported."},
    code_info{"WEIR0206", "a value of the wrong type",
              "A text, a number, true or false, a list or a mapping was expected. YAML reads 8000 "
              "as a number, \"8000\" as a\n"
              "text, and yes, no, on and off as booleans; quotes make any of them a text."},
    code_info{"WEIR0207", "not one of the allowed values",
              "The field takes one of a few words, which are case-sensitive."},
    code_info{"WEIR0208", "a number out of range",
              "The range is part of the message; ports are 1 to 65535, weights 0 to 1000000."},
    code_info{"WEIR0209", "a text of the wrong form",
              "The text does not follow the grammar of its field: a group, a kind, an address, an "
              "origin."},
    code_info{
        "WEIR0210", "too many, too few or too long",
        "Lists and texts have the limits of the Gateway API: for example 16 rules a route, 64 "
        "matches a rule, 128\n"
        "matches a route, 16 backendRefs a rule, 64 listeners a Gateway, 8 target ports a pool."},
    code_info{"WEIR0211", "the same thing twice in one list",
              "Names, ports and parents are unique within their list."},
    code_info{"WEIR0212", "fields that do not go together",
              "Each field is right by itself, but not beside the other: a redirect beside "
              "backendRefs, a filter whose type\n"
              "and member disagree, a backendRequest timeout above the request timeout, TLS on an "
              "HTTP listener."},
    code_info{"WEIR0213", "a field of another version",
              "InferencePool changed its shape between v1alpha2 and v1: selector became "
              "selector.matchLabels,\n"
              "targetPortNumber became targetPorts, extensionRef became endpointPickerRef. The "
              "field belongs to the other\n"
              "version than the apiVersion of this object."},
    code_info{"WEIR0214", "a filter type that is not supported",
              "The route is kept, but requests of the rule are answered with 500: a filter that is "
              "skipped in silence could\n"
              "let requests through that it was meant to stop. The route's condition is "
              "Accepted=False, UnsupportedValue."},
    code_info{"WEIR0215", "not a valid name",
              "Names of objects are lower-case letters, digits, `-` and `.`, at most 253; "
              "namespaces have no dots and at most\n"
              "63."},
    code_info{
        "WEIR0217", "not a duration",
        "Durations follow GEP-2257: one to four whole numbers of at most five digits, each with a "
        "unit h, m, s or ms,\n"
        "as in 30s, 1m30s or 500ms. No days, no fractions, no sign; 0s switches a timeout off."},
    code_info{"WEIR0218", "not a hostname",
              "Lower-case labels joined by dots, without scheme, port or path, not an IP address. "
              "A wildcard may be the\n"
              "whole first label: *.example.com."},
    code_info{"WEIR0219", "not a path",
              "Paths start with `/` and have no `//`, `/./`, `/../`, `%2f`, `#` or query; other "
              "characters than those of RFC\n"
              "3986 are percent-encoded."},
    code_info{"WEIR0220", "not a header",
              "Header names are tokens of RFC 9110, at most 256; values have no line breaks."},
    code_info{"WEIR0221", "not a regular expression",
              "weir reads RE2 syntax and matches the whole value. Look-around and back references "
              "do not exist in it."},
    code_info{"WEIR0222", "not a label",
              "Label names and values are texts of letters, digits, `-`, `_` and `.`, at most 63. "
              "Values that YAML reads as\n"
              "numbers or booleans need quotes, or a cluster refuses the object."},
    code_info{"WEIR0223", "not base64",
              "Values of a Secret's `data` are base64. Plain texts stand under `stringData`."},
    code_info{"WEIR0224", "the same object twice",
              "Two objects of one kind have the same namespace and name. In a cluster the later "
              "one would replace the\n"
              "earlier; weir reads all files at once and cannot know which one is meant."},
    code_info{"WEIR0225", "not an address",
              "The annotation weir.dev/address of a Pod is an IP address or a DNS name, optionally "
              "with `:port`; IPv6 with a\n"
              "port stands in brackets: [::1]:8000."},
    code_info{"WEIR0226", "a field without effect",
              "weir reads the field but it changes nothing here."},
    code_info{"WEIR0228", "weights for some models only",
              "Give every target a weight, or none: a target without one is never chosen beside "
              "weighted ones."},

    // 03xx: references between resources (resolution)
    code_info{"WEIR0301", "a pool that no file defines",
              "A backendRef names an InferencePool that is in none of the files, or is there under "
              "another group or namespace. The rule still\nmatches, and this share of its traffic "
              "is answered 500 `fault filter abort`. Correct the name, group or namespace, or add "
              "the pool."},
    code_info{"WEIR0302", "a Service that no file defines",
              "A backendRef names a core Service that is in none of the files, or one of type "
              "ExternalName. This share of the traffic is\nanswered 500."},
    code_info{"WEIR0303", "a reference across namespaces without a grant",
              "A reference into another namespace needs a ReferenceGrant in the namespace of the "
              "target. Its `from` and `to` are compared\nexactly, groups included. Until then this "
              "share of the traffic is answered 500 `fault filter abort`."},
    code_info{"WEIR0304", "a kind that cannot be a backend",
              "Routes lead to a core Service or to an InferencePool. An InferencePool needs its "
              "`group`, since the default is the core group."},
    code_info{"WEIR0305", "a port that the Service does not have",
              "A backendRef names the Service's `port`, not its targetPort. This share of the "
              "traffic is answered 500."},
    code_info{"WEIR0306", "a protocol that weir does not speak to endpoints",
              "weir speaks HTTP/1.1 to endpoints. An appProtocol such as kubernetes.io/h2c makes "
              "the reference invalid."},
    code_info{"WEIR0307", "a selector that matches no Pod",
              "A pool takes Pods of its own namespace whose labels have every pair of its "
              "selector. Without one the client sees 503\n`no healthy upstream`."},
    code_info{"WEIR0308", "no Pod of the pool is ready",
              "Pods match, but each has a Ready condition that is not True, or is on its way out. "
              "The client sees 503 `no healthy upstream`."},
    code_info{"WEIR0309", "a Pod without an address",
              "Outside a cluster a Pod has no status. Give it the annotation weir.dev/address: an "
              "IP or a DNS name, with `:port` to replace\nthe pool's target ports."},
    code_info{"WEIR0310", "a target port that no container has",
              "The pool sends to a port that the Pod does not declare. If nothing listens there, "
              "the client sees 503 `upstream connect error\nor disconnect/reset before headers`, "
              "connection refused."},
    code_info{"WEIR0311", "no listener fits the parentRef",
              "The Gateway has no listener with this sectionName or port, or the parent is no "
              "Gateway. The route is not served there: 404."},
    code_info{"WEIR0312", "the listeners do not allow the route's namespace",
              "allowedRoutes.namespaces.from is Same by default. Set it to All, or to a Selector "
              "over the labels of Namespace objects. The\nroute is not served there: 404."},
    code_info{
        "WEIR0313", "the hostnames do not meet",
        "No hostname of the route fits a hostname of the listeners. `*.example.com` matches any "
        "depth of subdomain, never example.com\nitself. The route is not served there: 404."},
    code_info{"WEIR0314", "a route without parentRefs",
              "A route is served by the Gateways its parentRefs name. A Gateway that no file "
              "defines is made up on --listen."},
    code_info{"WEIR0315", "a Gateway that no file defines",
              "weir makes up one HTTP listener on --listen for it, so that routes can be tried "
              "without a Gateway. In a cluster the Gateway\nhas to exist."},
    code_info{"WEIR0316", "listeners in conflict",
              "Two listeners on one address and port need different hostnames and one protocol. "
              "None of those in conflict is served."},
    code_info{"WEIR0317", "a listener weir cannot serve",
              "Listeners speak HTTP, or HTTPS that ends at weir (tls.mode Terminate). Others are "
              "left out; the rest of the Gateway is served."},
    code_info{"WEIR0318", "a certificate that does not resolve",
              "certificateRefs name Secrets with PEM tls.crt and tls.key. One of another namespace "
              "needs a ReferenceGrant from kind Gateway.\nThe listener is not served until then."},
    code_info{"WEIR0319", "a route kind that is not supported",
              "HTTP and HTTPS listeners take HTTPRoutes. Other kinds are left out of the "
              "listener's supportedKinds."},
    code_info{
        "WEIR0320", "an address a Gateway cannot have",
        "spec.addresses hold IPAddress or Hostname values of this machine. Giving each Gateway a "
        "loopback address of its own\n(127.0.0.2) keeps Gateways with the same port apart."},
    code_info{"WEIR0321", "two equal matches",
              "Both match the same requests, so only one can ever apply: that of the oldest route, "
              "then of the first by namespace/name, then\nof the first rule. Remove one, or make "
              "one of them more specific."},
    code_info{"WEIR0322", "a match behind a pattern that takes all",
              "A regular expression ranks between Exact and PathPrefix. One that matches every "
              "path hides every PathPrefix beside it. Use\nPathPrefix / as the catch-all."},
    code_info{"WEIR0323", "weights that are all 0",
              "A share of weight 0 gets no traffic. With nothing but zeros the client sees 500."},
    code_info{"WEIR0324", "a rule without backendRefs",
              "Only a redirect answers by itself. The client sees 500 for what this rule matches."},
    code_info{"WEIR0325", "a filter that is not supported",
              "A filter is never skipped, since it may guard something: the client sees 500 for "
              "what the rule matches."},
    code_info{"WEIR0330", "a poolRef that leads nowhere",
              "Objectives, rewrites and models belong to an InferencePool of their own namespace. "
              "Without it the object is ignored."},
    code_info{"WEIR0331", "a poolRef of another group",
              "poolRef.group defaults to inference.networking.k8s.io, which does not fit a "
              "v1alpha2 pool. With the wrong group the object is\nignored: its priority or rewrite "
              "does not apply."},
    code_info{"WEIR0332", "a negative priority",
              "Requests of this objective are sheddable: while the pool is saturated they are "
              "answered 429 `system saturated, sheddable\nrequest dropped`. A priority of 0 or "
              "more is never shed."},
    code_info{"WEIR0333", "a model name in use",
              "Within a pool one InferenceModel answers for a modelName: the oldest, then the "
              "first by namespace/name."},
    code_info{"WEIR0334", "picker configurations that fit equally",
              "A pool takes the ConfigMap that its endpointPickerRef names, else a document of "
              "that name, else the only nameless document,\nelse --config-file. Two of one rank "
              "cannot be told apart."},
    code_info{"WEIR0335", "the picker's Service is in no file",
              "weir picks endpoints itself, so nothing is missing. The pool's status says "
              "ResolvedRefs=False, InvalidExtensionRef, as a\ncluster's would."},
    code_info{
        "WEIR0336", "not an EndpointPickerConfig",
        "--config-file and --config-text hold one document with apiVersion llm-d.ai/v1alpha1 (or "
        "llm-d.ai/v1, or the older\ninference.networking.x-k8s.io/v1alpha1) and kind "
        "EndpointPickerConfig."},
    code_info{
        "WEIR0337", "metrics that are stale before they are scraped",
        "With metricsStalenessThreshold below the scrape period every endpoint is stale most of "
        "the time, and an idle pool looks\nsaturated. weir uses at least three scrape periods."},
    code_info{
        "WEIR0338", "an endpoint that is weir's own listener",
        "Requests would come back to weir until they fail, so the endpoint is left out. Usually "
        "a port is mixed up."},
    code_info{
        "WEIR0339", "an endpoint that is listed twice",
        "Two names for one server give it two shares of the traffic and count its load twice."},
    code_info{"WEIR0340", "a pool that no route leads to",
              "Without an HTTPRoute that names the pool the client sees 404."},
    code_info{"WEIR0341", "a Gateway that no route names",
              "Without an HTTPRoute that names it as a parent the client sees 404 for everything."},
    code_info{"WEIR0342", "--pool-name names no pool",
              "The process stays up and is never ready, and logs `Pool is not initialized, "
              "skipping refreshing metrics`."},
    code_info{"WEIR0343", "a Pod address that is none",
              "weir.dev/address holds an IP or a DNS name, IPv6 in brackets when a port follows."},
    code_info{"WEIR0344", "two objectives of one name",
              "A pool knows objectives by name. Objects of both API groups may share one; the "
              "oldest applies."},
    code_info{
        "WEIR0345", "a picker configuration that serves no pool",
        "A pool takes the ConfigMap that its endpointPickerRef names, else a document of that "
        "name, else the only nameless document,\nelse --config-file. This one is none of them, "
        "so its scorers and weights do not apply: routing looks unexpected."},
    code_info{"WEIR0346", "a priority without a band",
              "flowControl.priorityBands lists bands, but an objective of the pool has another "
              "priority. Its requests get a band of their own\nmade from defaultPriorityBand "
              "(defaultNegativePriorityBand below 0), else from the default limits."},
    code_info{"WEIR0347", "a queue time below the scrape period",
              "A queued request is let go when metrics show room. One that may wait less than the "
              "time between two scrapes is refused with\n429 `request timed out in queue` before "
              "that can be seen."},
    code_info{"WEIR0348", "bands that hold more than the process may",
              "The maxBytes of the priority bands add up to more than --max-buffered, the bound on "
              "all request bodies held together. That one\nrefuses first, with 503, whatever the "
              "band of the request."},
    code_info{"WEIR0349", "scorer weights that are all 0",
              "The score of an endpoint is the weighted sum of its scores. With nothing but zeros "
              "all endpoints are equal."},
    code_info{"WEIR0350", "a scorer without a weight",
              "A scorer whose weight is left out counts 1. Beside scorers with weights that may be "
              "more or less than meant: routing looks\nunexpected."},
    code_info{"WEIR0351", "a request timeout below the promised first token",
              "The rule sets the header of the time-to-first-token target (x-llm-d-slo-ttft-ms) "
              "and a shorter timeouts.request. A request on\ntarget is cut with 504 `upstream "
              "request timeout`."},
    code_info{"WEIR0352", "parameters of a Gateway that do not resolve",
              "spec.infrastructure.parametersRef names a ConfigMap of the Gateway's namespace. One "
              "that is in no file, or of another kind,\nmakes the Gateway invalid "
              "(Accepted=False, InvalidParameters), as in a cluster. weir reads nothing of it: "
              "remove it."},
    code_info{"WEIR0353", "client certificates that cannot be checked",
              "frontendValidation names ConfigMaps with a CA certificate under ca.crt, which "
              "clients' certificates must chain to. A listener\nwhose clients cannot be checked is "
              "not served rather than served to everybody."},
    code_info{"WEIR0354", "more than weir holds",
              "A few MiB of files can ask for billions of things: every pool may select every Pod, "
              "and every route may be attached\nto every listener. weir holds 200,000 endpoints, "
              "compares 20,000,000 pairs of a Pod and a pool, attaches 500,000 routes\nand "
              "hostnames to listeners, and reads 250,000 parts of Gateways and HTTPRoutes "
              "(listeners, parents, hostnames, rules,\nmatches, filters, backendRefs), or one "
              "for every 48 bytes of the files where that is more. Split what is larger between "
              "several weirs."},
    code_info{"WEIR0355", "a Service without endpoints",
              "A route leads to a Service, but its EndpointSlices have no ready address for the "
              "port; or it has none,\nand no ready Pod has the labels of its selector. The client "
              "sees 503 `no healthy upstream`."},

    // 04xx: picker configurations (scheduling)
    code_info{"WEIR0401", "not the shape of an EndpointPickerConfig",
              "The envelope is read strictly: names of fields count letter by letter, unknown "
              "fields are errors, apiVersion\n"
              "is llm-d.ai/v1alpha1 (or llm-d.ai/v1, or the older "
              "inference.networking.x-k8s.io/v1alpha1)."},
    code_info{"WEIR0402", "a plugin without a type",
              "Each entry of `plugins` needs `type`. `name` may be left out: it is the type then."},
    code_info{"WEIR0403", "two plugins of one name",
              "Profiles refer to plugins by name, so names are unique. Two entries of one type "
              "need a `name` each."},
    code_info{
        "WEIR0404", "an unknown plugin type",
        "No plugin of this binary, and none of a library given with --plugin, has this type."},
    code_info{"WEIR0405", "an unknown parameter",
              "Parameters are read strictly, as the reference does since v0.9; upper and lower "
              "case do not count. With the\n"
              "older apiVersion an unknown parameter is only noted."},
    code_info{"WEIR0406", "a parameter out of range or of a wrong type",
              "The plugin refuses the value. Durations are texts with a unit (`200ms`); whole "
              "numbers have no fraction."},
    code_info{"WEIR0407", "a reference to a plugin that is not there",
              "The name is not among `plugins`. Names are compared letter by letter."},
    code_info{"WEIR0408", "a scheduling profile that cannot be",
              "Profiles need a unique `name`, and each of their plugins a `pluginRef`."},
    code_info{"WEIR0409", "two pickers in one profile",
              "A profile has one picker. Without one it gets the configuration's picker, else a "
              "max-score-picker."},
    code_info{"WEIR0410", "the profile handler does not fit",
              "One profile needs none (single-profile-handler is made); several need exactly one "
              "handler for them, such as\n"
              "disagg-profile-handler."},
    code_info{"WEIR0411", "an unknown feature gate or value",
              "Gates are `flowControl` and `haPopulateNonLeaderDatastore`, written `name`, "
              "`name=true` or `name=false`."},
    code_info{"WEIR0412", "plugins that cannot get what they need",
              "A plugin reads data that no configured plugin produces, or plugins wait for each "
              "other in a circle."},
    code_info{"WEIR0413", "a plugin of the wrong kind",
              "The place needs another kind of plugin than the one it names."},
    code_info{"WEIR0414", "a value of flowControl that cannot be",
              "Quantities are Kubernetes quantities (`1Gi`, `500M`), TTLs are durations (`60s`); "
              "neither is negative."},
    code_info{"WEIR0420", "an older shape, read as the newer one",
              "The configuration was written for an earlier release. It is understood; the newer "
              "form is named."},
    code_info{
        "WEIR0421", "an alpha or deprecated plugin type",
        "Alpha types may change or vanish in the reference; deprecated ones have a newer name."},
    code_info{"WEIR0422", "flowControl without its gate",
              "The section has an effect only with `featureGates: [flowControl]`; its "
              "saturationDetector counts anyway."},
    code_info{"WEIR0423", "a side service that weir does without",
              "The reference asks another process here. weir answers from what it knows itself, "
              "which is less exact."},
    code_info{"WEIR0424", "a hint of a plugin", "The plugin works, but probably not as meant."},

    // 05xx: files and folders (loading)
    code_info{"WEIR0501", "a path that does not exist",
              "-f names a file or a folder; `-` is standard input."},
    code_info{
        "WEIR0502", "a path that may not be read",
        "weir does not start half blind: what it may not read could hold the pool, its objectives "
        "or its Pods. Let the user that runs\nweir read the file, and enter and list the folder. A "
        "pipe is read once, at the start; one that takes\nthe place of a file later is not waited "
        "for."},
    code_info{"WEIR0503", "a folder without manifests",
              "Folders are read recursively for .yaml, .yml and .json. Names that begin with a dot "
              "are skipped."},
    code_info{"WEIR0504", "a file that is too large",
              "One file may have 64 MiB. Split it into several files of one folder."},
    code_info{"WEIR0505", "an endpoints file that cannot be read",
              "--endpoints-file, or the `path` of a file-discovery plugin, names a file that is "
              "not there or may not be read. It may be\nempty, but it has to exist."},
    code_info{
        "WEIR0509", "an endpoints file that cannot be used",
        "The file does not follow the file-discovery format: a list `endpoints` of {name, "
        "address, port, labels}. A new file must be\nright as a whole; while weir uses it, an "
        "entry that is wrong is left out and said in the log."},
    code_info{
        "WEIR0510", "an admin API that others can reach",
        "The admin API asks for no password: whoever reaches it sees the configuration and may "
        "reload and drain. It listens on the\nloopback by default; elsewhere a firewall or a "
        "proxy has to stand in front of it."},
};

}  // namespace

std::span<const code_info> all_codes() { return table; }

const code_info* find_code(std::string_view typed) {
    std::string digits = to_lower(trim(typed));
    if (digits.starts_with("weir")) digits.erase(0, 4);
    if (digits.empty() || digits.size() > 4) return nullptr;
    const std::string code = "WEIR" + std::string(4 - digits.size(), '0') + digits;
    const auto it = std::find_if(table.begin(), table.end(),
                                 [&](const code_info& c) { return c.code == code; });
    return it == table.end() ? nullptr : &*it;
}

}  // namespace weir::config
