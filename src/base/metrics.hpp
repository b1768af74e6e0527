#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::metrics {

/// Names and values of a series. Any order; the text output sorts them.
using labels = std::vector<std::pair<std::string, std::string>>;

/// A counter or gauge cell with one writing thread; any thread may read it.
class cell {
  public:
    void add(double v = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + v, std::memory_order_relaxed);
    }
    void set(double v) { value_.store(v, std::memory_order_relaxed); }
    double value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<double> value_{0};
};

/// A histogram with one writing thread; any thread may read it. Upper bounds are inclusive, as
/// Prometheus has them.
class histogram {
  public:
    /// `bounds` are ascending and outlive the histogram; +Inf is implied.
    explicit histogram(std::span<const double> bounds);

    void observe(double v) { add(bucket_of(v), v); }
    /// The two halves of `observe`, for who counts the same value again and again.
    std::size_t bucket_of(double v) const {
        // Without a branch on the value: the next one lies elsewhere.
        const double* at = bounds_.data();
        for (auto left = bounds_.size(); left > 1;) {
            const auto half = left / 2;
            at += at[half - 1] < v ? half : 0;
            left -= half;
        }
        const bool above = !bounds_.empty() && *at < v;
        return static_cast<std::size_t>(at - bounds_.data()) + (above ? 1 : 0);
    }
    void add(std::size_t bucket, double v) {
        auto& count = counts_[bucket];
        count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        sum_.add(v);
    }

    std::span<const double> bounds() const { return bounds_; }
    /// Observations in bucket i alone (not cumulative); i == bounds().size() is +Inf.
    std::uint64_t bucket(std::size_t i) const { return counts_[i].load(std::memory_order_relaxed); }
    double sum() const { return sum_.value(); }

  private:
    std::span<const double> bounds_;
    std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
    cell sum_;
};

/// Gathers one scrape. Families keep the order of their first mention; equal label sets of one
/// family are added up, so that every worker may hand in its own cells.
class exposition {
  public:
    exposition();
    ~exposition();
    exposition(const exposition&) = delete;
    exposition& operator=(const exposition&) = delete;

    void counter(std::string_view name, std::string_view help, const labels& series, double value);
    void gauge(std::string_view name, std::string_view help, const labels& series, double value);
    void histogram(std::string_view name, std::string_view help, const labels& series,
                   const metrics::histogram& value);
    /// A family that exists although it has no series yet.
    void declare(std::string_view name, std::string_view help, std::string_view type);

    /// The Prometheus text format 0.0.4, a family at a time.
    void write(const std::function<void(std::string_view)>& sink) const;
    /// The whole of it.
    std::string text() const;

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// Something that has numbers to show. `collect` runs on the control thread.
class source {
  public:
    virtual ~source() = default;
    virtual void collect(exposition& out) const = 0;
};

}  // namespace weir::metrics
