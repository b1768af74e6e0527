#include "scheduling/label_selector.hpp"

#include <algorithm>

namespace weir::scheduling {

label_selector label_selector::read(parameters& p) {
    label_selector out;
    auto& labels = p.object("matchLabels");
    for (const auto& key : labels.keys())
        out.terms_.push_back({key, test::in, {labels.text(key, "")}});
    for (auto* item : p.objects("matchExpressions")) {
        term t;
        t.key = item->text("key", "");
        const auto how = item->one_of("operator", "", {"In", "NotIn", "Exists", "DoesNotExist"});
        t.values = item->texts("values");
        if (t.key.empty()) item->reject("key", "matchExpressions: key is required");
        if (!item->has("operator")) item->reject("", "matchExpressions: operator is required");
        const bool listed = how == "In" || how == "NotIn";
        if (listed && t.values.empty()) {
            item->reject("values", "matchExpressions: values must be non-empty for In and NotIn");
        }
        if (!listed && !how.empty() && !t.values.empty()) {
            item->reject("values",
                         "matchExpressions: values must be empty for Exists and DoesNotExist");
        }
        t.how = how == "NotIn"          ? test::not_in
                : how == "Exists"       ? test::exists
                : how == "DoesNotExist" ? test::does_not_exist
                                        : test::in;
        out.terms_.push_back(std::move(t));
    }
    return out;
}

bool label_selector::matches(const endpoint& e) const {
    return std::all_of(terms_.begin(), terms_.end(), [&](const term& t) {
        const auto* value = e.label(t.key);
        const bool listed = value != nullptr &&
                            std::find(t.values.begin(), t.values.end(), *value) != t.values.end();
        switch (t.how) {
            case test::in:
                return listed;
            case test::not_in:
                return !listed;  // an absent label is not in any list (Kubernetes' rule)
            case test::exists:
                return value != nullptr;
            case test::does_not_exist:
                return value == nullptr;
        }
        return false;
    });
}

}  // namespace weir::scheduling
