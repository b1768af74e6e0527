#include "config/tree_builder.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "config/yaml.hpp"

namespace weir::config {

namespace {

constexpr std::size_t kept_capacity = 4096;

/// What copying a value costs, in values; long texts count for more.
std::size_t copy_cost(const node& n) {
    std::size_t cost = 1 + n.scalar.size() / 64;
    for (const auto& item : n.items) cost += copy_cost(item);
    for (const auto& [k, v] : n.fields) cost += copy_cost(k) + copy_cost(v);
    return cost;
}

/// Levels of nesting at and below a value.
std::size_t depth_of(const node& n) {
    std::size_t below = 0;
    for (const auto& item : n.items) below = std::max(below, depth_of(item));
    for (const auto& [k, v] : n.fields) below = std::max(below, depth_of(v));
    return n.is_sequence() || n.is_mapping() ? below + 1 : 0;
}

template <class Fields>
bool has_field(const Fields& fields, std::string_view name) {
    return std::any_of(fields.begin(), fields.end(),
                       [&](const auto& f) { return f.first.scalar == name; });
}

}  // namespace

void tree_builder::begin_document() {
    frames_.clear();
    values_.clear();
    anchors_.clear();
    count_ = 0;
    alias_cost_ = 0;
}

bool tree_builder::expects_key() const {
    return !frames_.empty() && frames_.back().container.is_mapping() &&
           (values_.size() - frames_.back().first) % 2 == 0;
}

node tree_builder::take() {
    node root = std::move(values_.back());
    values_.clear();
    // The room a large document took is not kept beside what is made of it.
    if (values_.capacity() > kept_capacity) std::vector<node>().swap(values_);
    return root;
}

bool tree_builder::push(node&& value, std::string_view anchor) {
    if (++count_ > max_values) {
        found_.error("WEIR0105", "this document has more than 1000000 values", value.at).help =
            "split it into several documents or files";
        return false;
    }
    if (!anchor.empty() && !remember(value, anchor)) return false;
    values_.push_back(std::move(value));
    return true;
}

bool tree_builder::remember(const node& value, std::string_view anchor) {
    const std::size_t cost = copy_cost(value);
    alias_cost_ += cost;
    if (alias_cost_ > max_alias_cost) {
        found_.error("WEIR0105", "the anchors of this document hold too many values", value.at)
            .help = "write the values out, or use fewer and smaller anchors";
        return false;
    }
    anchors_.insert_or_assign(std::string(anchor), anchored{value, cost, depth_of(value)});
    return true;
}

bool tree_builder::scalar(node&& value, std::string_view anchor) {
    return push(std::move(value), anchor);
}

bool tree_builder::alias(std::string_view name, const span& at) {
    const auto it = anchors_.find(std::string(name));
    if (it == anchors_.end()) {
        const bool open = std::any_of(frames_.begin(), frames_.end(),
                                      [&](const frame& f) { return f.anchor == name; });
        auto& f = found_.error(
            "WEIR0106",
            open ? "the alias *" + std::string(name) + " stands inside its own anchor"
                 : "the alias *" + std::string(name) + " names no anchor of this document",
            at);
        f.help = open ? "write the value out instead"
                      : "define it before this place with &" + std::string(name) +
                            ", or put the text in quotes";
        return false;
    }
    alias_cost_ += it->second.cost;
    count_ += it->second.cost;
    if (alias_cost_ > max_alias_cost || count_ > max_values) {
        found_.error("WEIR0105", "aliases expand this document to more than 250000 values", at)
            .help = "write the values out, or use fewer aliases inside of anchors";
        return false;
    }
    if (frames_.size() + it->second.depth > max_depth) {
        found_.error("WEIR0104", "aliases nest lists and mappings deeper than 128 levels", at);
        return false;
    }
    values_.push_back(it->second.value);
    return true;
}

bool tree_builder::begin_container(node_kind kind, std::string_view anchor, const span& at) {
    if (frames_.size() >= max_depth) {
        found_.error("WEIR0104", "lists and mappings are nested deeper than 128 levels", at);
        return false;
    }
    frame f;
    f.container.kind = kind;
    f.container.at = at;
    f.first = values_.size();
    f.anchor = anchor;
    frames_.push_back(std::move(f));
    return true;
}

bool tree_builder::end_container(mark end) {
    frame f = std::move(frames_.back());
    frames_.pop_back();
    const auto first = values_.begin() + static_cast<std::ptrdiff_t>(f.first);
    if (end.line == 0) end = first == values_.end() ? f.container.at.start : values_.back().at.end;
    if (f.container.is_sequence()) {
        if (first != values_.end()) {
            f.container.items.all().assign(std::make_move_iterator(first),
                                           std::make_move_iterator(values_.end()));
        }
        values_.erase(first, values_.end());
    } else if (!close_mapping(f)) {
        return false;
    }
    f.container.at.end = end;
    return push(std::move(f.container), f.anchor);
}

bool tree_builder::close_mapping(frame& f) {
    auto& fields = f.container.fields;
    fields.reserve((values_.size() - f.first) / 2);
    std::vector<node_field> merged;
    for (std::size_t i = f.first; i + 1 < values_.size(); i += 2) {
        node& key = values_[i];
        if (key.scalar == "<<" && !key.quoted) {
            if (!merge(key, std::move(values_[i + 1]), merged)) return false;
            continue;
        }
        fields.emplace_back(std::move(key), std::move(values_[i + 1]));
    }
    values_.erase(values_.begin() + static_cast<std::ptrdiff_t>(f.first), values_.end());
    report_duplicates(f.container);
    if (merged.empty()) return true;
    fields.reserve(fields.size() + merged.size());  // the keys in `own` must not move
    std::unordered_set<std::string_view> own;
    for (const auto& field : fields) own.insert(field.first.scalar);
    for (auto& field : merged) {
        if (!own.contains(field.first.scalar)) fields.push_back(std::move(field));
    }
    return true;
}

bool tree_builder::merge(const node& key, node&& value, std::vector<node_field>& merged) {
    const auto take_fields = [&](node&& from) {
        if (!from.is_mapping()) {
            found_
                .error("WEIR0107", "a merge key `<<` takes a mapping or a list of mappings", key.at)
                .help = "name an anchor that stands on a mapping, as in `<<: *defaults`";
            return false;
        }
        alias_cost_ += from.fields.size() * (1 + merged.size() / 64);
        if (alias_cost_ > max_alias_cost) {
            found_.error("WEIR0105", "merge keys expand this document to more than 250000 values",
                         key.at);
            return false;
        }
        for (auto& field : from.fields) {
            if (!has_field(merged, field.first.scalar)) merged.push_back(std::move(field));
        }
        return true;
    };
    if (!value.is_sequence()) return take_fields(std::move(value));
    return std::all_of(value.items.begin(), value.items.end(),
                       [&](node& item) { return take_fields(std::move(item)); });
}

void tree_builder::report_duplicates(const node& mapping) {
    const auto report = [&](const node& first, const node& again) {
        auto& f = found_.error(
            "WEIR0110", "the key \"" + again.scalar + "\" appears twice in this mapping", again.at);
        f.help = "keep one of the two; the first is at line " + std::to_string(first.at.start.line);
    };
    const auto& fields = mapping.fields;
    if (fields.size() <= 16) {
        for (std::size_t i = 1; i < fields.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (fields[i].first.scalar != fields[j].first.scalar) continue;
                report(fields[j].first, fields[i].first);
                break;
            }
        }
        return;
    }
    // Equal keys come together, in the order of the file; a map of them would take more memory than
    // the tree.
    std::vector<const node*> keys;
    keys.reserve(fields.size());
    for (const auto& field : fields) keys.push_back(&field.first);
    std::sort(keys.begin(), keys.end(), [](const node* a, const node* b) {
        const int order = a->scalar.compare(b->scalar);
        return order != 0 ? order < 0 : a < b;
    });
    const node* first = keys.front();
    for (std::size_t i = 1; i < keys.size(); ++i) {
        if (keys[i]->scalar == first->scalar) {
            report(*first, *keys[i]);
        } else {
            first = keys[i];
        }
    }
}

}  // namespace weir::config
