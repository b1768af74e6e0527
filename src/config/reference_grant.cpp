#include "config/parsers.hpp"

namespace weir::config {

namespace {

/// A group is required but may be empty, which means core.
text need_group(const object& o) {
    const node* written = o.value()->get("group");
    if (written == nullptr || !written->is_null())
        return or_default(read_group(o.need("group")), {}, o.at());
    return {{}, written->at};  // `group:` with nothing behind it
}

}  // namespace

reference_grant_resource parse_reference_grant(const object& root) {
    reference_grant_resource out;
    const object spec(root.need("spec"), {"from", "to"});
    spec.need("from").items(1, 16, [&](const field& item) {
        const object o(item, {"group", "kind", "namespace"});
        if (!o) return;
        grant_from_spec from;
        from.group = need_group(o);
        from.kind = or_default(read_kind(o.need("kind")), {}, item.at());
        from.name_space = or_default(read_namespace(o.need("namespace")), {}, item.at());
        from.at = item.at();
        out.from.push_back(std::move(from));
    });
    spec.need("to").items(1, 16, [&](const field& item) {
        if (!item.is_mapping()) return;
        if (const node* key = item.value()->key("namespace")) {
            auto& f = item.reports().error(
                "WEIR0205", "unknown field \"namespace\" in " + item.path().str(), key->at);
            f.help = "remove it; a grant covers the namespace that it stands in";
            f.allowed = {"group", "kind", "name"};
        }
        const object o(item, {"group", "kind", "name", "namespace"});
        grant_to_spec to;
        to.group = need_group(o);
        to.kind = or_default(read_kind(o.need("kind")), {}, item.at());
        to.name = o["name"].string(0, 253);
        if (to.name && to.name->value.empty()) to.name.reset();
        to.at = item.at();
        out.to.push_back(std::move(to));
    });
    return out;
}

}  // namespace weir::config
