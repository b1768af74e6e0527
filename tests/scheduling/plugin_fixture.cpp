#include "plugin_fixture.hpp"

#include "config/parse.hpp"
#include "scheduling/plugin_registry.hpp"
#include "scheduling/scheduler.hpp"

namespace weir::scheduling::testing {

namespace {

std::shared_ptr<const pipeline> load(const std::string& body, config::findings& found,
                                     const pipeline* previous = nullptr) {
    static const bool added = add_plugin_type(&test_prefix_type) == nullptr &&
                              add_plugin_type(&test_latency_type) == nullptr;
    REQUIRE(added);
    auto source = std::make_shared<config::source_file>();
    source->path = "picker.yaml";
    source->text = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n" + body;
    config::picker_document document;
    document.root = config::parse_single(source, found);
    REQUIRE(document.root != nullptr);
    document.origin = "test";
    return pipeline::make(document, preset::reference, found, previous);
}

std::string list(const config::findings& found, bool errors, std::string_view without = {}) {
    std::string out;
    for (const auto& f : found.list()) {
        if ((f.level == config::severity::error) != errors) continue;
        std::string_view message = f.message;
        if (message.starts_with(without)) message.remove_prefix(without.size());
        out += std::to_string(f.at.start.line) + ":" + std::to_string(f.at.start.column) + " " +
               std::string(message) + "\n";
    }
    return out;
}

std::string document_with(std::string_view type, std::string_view parameters) {
    std::string text =
        "plugins:\n- {name: prefix, type: test-prefix-producer}\n"
        "- {name: latency, type: test-latency-producer}\n- name: it\n";
    if (!parameters.empty()) {
        text += "  parameters: ";
        text += parameters;
        text += "\n";
    }
    text += "  type: ";
    text += type;
    text += "\nschedulingProfiles:\n- name: p\n  plugins: [{pluginRef: it}]\n";
    return text;
}

}  // namespace

struct picker_under_test::parts {
    std::string body;
    std::shared_ptr<const pipeline> made;
    workspace scratch;
    decision last;
};

picker_under_test::picker_under_test(std::string_view body) : parts_(std::make_unique<parts>()) {
    config::findings found;
    parts_->body = body;
    parts_->made = load(parts_->body, found);
    INFO(list(found, true));
    REQUIRE(parts_->made != nullptr);
}

picker_under_test::~picker_under_test() = default;

std::vector<seen_profile> picker_under_test::explain(const test_pool& pool,
                                                     const inference_request& request,
                                                     std::uint64_t seed) {
    const decision_input in{request, pool.endpoints, pool.signals, pool.ready, {}, seed};
    std::vector<seen_profile> out;
    for (const auto& p : parts_->made->explain(in, parts_->scratch, true).profiles) {
        seen_profile s{p.name, p.survivors, {}, p.totals, p.picks};
        for (const auto& scorer : p.scorers) s.raw.push_back(scorer.raw);
        out.push_back(std::move(s));
    }
    return out;
}

std::chrono::milliseconds picker_under_test::gather(const inference_request& request, time now) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        parts_->made->gather(request, parts_->scratch, now));
}

const decision& picker_under_test::decide(const test_pool& pool, const inference_request& request,
                                          std::uint64_t seed, time now) {
    parts_->made->decide({request, pool.endpoints, pool.signals, pool.ready, now, seed},
                         parts_->scratch, parts_->last);
    return parts_->last;
}

std::uint32_t picker_under_test::pick(const test_pool& pool, const inference_request& request,
                                      std::uint64_t seed, time now) {
    const auto& made = decide(pool, request, seed, now);
    INFO(made.message);
    REQUIRE_FALSE(made.primary_targets().empty());
    return made.primary_targets()[0];
}

std::vector<header_change> picker_under_test::answered(const test_pool& pool) {
    const response_facts facts{"id", "model", parts_->last, pool.endpoints, {}, 200};
    std::vector<header_change> changes;
    parts_->made->response_header(facts, changes);
    return changes;
}

void picker_under_test::complete(const test_pool& pool, const response_facts& facts) {
    response_facts mine{facts.request_id, facts.target_model, parts_->last, pool.endpoints,
                        facts.now};
    mine.status = facts.status;
    mine.stream = facts.stream;
    mine.cause = facts.cause;
    mine.first_token_seconds = facts.first_token_seconds;
    mine.total_seconds = facts.total_seconds;
    mine.output_tokens = facts.output_tokens;
    parts_->made->complete(mine);
}

header_findings picker_under_test::read_headers(const inference_request& request) {
    return parts_->made->request_header(request);
}

const producer_data& picker_under_test::data() const { return parts_->scratch.data(); }

void picker_under_test::reload_from(const picker_under_test& previous) {
    config::findings found;
    parts_->made = load(parts_->body, found, previous.parts_->made.get());
    REQUIRE(parts_->made != nullptr);
}

one_plugin::one_plugin(std::string_view type, std::string_view parameters)
    : picker_under_test(document_with(type, parameters)) {}

scores one_plugin::scored(const test_pool& pool, const inference_request& request) {
    const auto seen = explain(pool, request);
    REQUIRE(seen.size() == 1);
    REQUIRE(seen[0].raw.size() == 1);
    return seen[0].raw[0];
}

ids one_plugin::kept(const test_pool& pool, const inference_request& request, std::uint64_t seed) {
    const auto seen = explain(pool, request, seed);
    REQUIRE(seen.size() == 1);
    return seen[0].survivors;
}

std::string errors_of(std::string_view type, std::string_view parameters) {
    config::findings found;
    load(document_with(type, parameters), found);
    return list(found, true, "failed to create plugin 'it' (type: " + std::string(type) + "): ");
}

std::string errors_in(std::string_view body) {
    config::findings found;
    load(std::string(body), found);
    return list(found, true);
}

std::string hints_in(std::string_view body) {
    config::findings found;
    load(std::string(body), found);
    return list(found, false);
}

}  // namespace weir::scheduling::testing
