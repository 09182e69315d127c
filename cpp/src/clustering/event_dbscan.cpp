// The public face of DBSCAN for one event after another.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "clustering/dbscan.hpp"
#include "diskern/clustering.hpp"
#include "neighbours/range.hpp"

namespace diskern {

class EventDbscan::Implementation {
 public:
  explicit Implementation(const Params& params) : params_(params) {
    range_kernels();  // the instruction set is chosen here, not with the first event
    if (!(params.eps > 0) || !std::isfinite(params.eps)) {
      throw InvalidArgument("eps must be a positive number, got " + std::to_string(params.eps));
    }
    if (!(params.min_samples > 0) || !std::isfinite(params.min_samples)) {
      throw InvalidArgument("min_samples must be a positive number, got " + std::to_string(params.min_samples));
    }
    switch (params.metric) {
      case EventDbscan::Metric::euclidean:
        metric_ = diskern::Metric::euclidean;
        break;
      case EventDbscan::Metric::manhattan:
        metric_ = diskern::Metric::manhattan;
        break;
      case EventDbscan::Metric::chebyshev:
        metric_ = diskern::Metric::chebyshev;
        break;
      default:
        throw InvalidArgument("metric must be euclidean, manhattan or chebyshev, got " +
                              std::to_string(static_cast<int>(params.metric)));
    }
  }

  std::int64_t cluster(View<const double, 2> points, View<const double> weight) {
    result_ = &empty_;
    if (points.rows() == 0) {
      if (!weight.empty()) throw InvalidArgument("no points, but " + std::to_string(weight.size()) + " weights");
      return 0;
    }
    if (points.rows() > points_ || points.columns() > dimensions_) reserve(points.rows(), points.columns());
    clustering::DbscanParams params;
    params.eps = params_.eps;
    params.min_samples = params_.min_samples;
    params.metric = metric_;
    result_ = &dbscan_.fit(Context{}, params, points, weight);
    return result_->n_clusters;
  }

  std::int64_t cluster(View<const float, 2> points, View<const double> weight) {
    if (points.rows() > points_ || points.columns() > dimensions_) reserve(points.rows(), points.columns());
    converted_.resize(points.size());
    for (std::size_t i = 0; i < points.rows(); ++i) {
      for (std::size_t d = 0; d < points.columns(); ++d) converted_[i * points.columns() + d] = points(i, d);
    }
    return cluster(View<const double, 2>(converted_.data(), points.rows(), points.columns()), weight);
  }

  void reserve(std::size_t points, std::size_t dimensions) {
    points_ = std::max(points_, points);
    dimensions_ = std::max(dimensions_, dimensions);
    dbscan_.reserve(points_, dimensions_);
    converted_.reserve(points_ * dimensions_);
  }

  const Params& params() const noexcept { return params_; }
  const clustering::DbscanResult& result() const noexcept { return *result_; }

 private:
  Params params_;
  diskern::Metric metric_ = diskern::Metric::euclidean;
  clustering::Dbscan dbscan_;
  clustering::DbscanResult empty_;
  const clustering::DbscanResult* result_ = &empty_;
  std::size_t points_ = 0;  // reserved
  std::size_t dimensions_ = 0;
  std::vector<double> converted_;
};

EventDbscan::EventDbscan(const Params& params) : implementation_(std::make_unique<Implementation>(params)) {}
EventDbscan::~EventDbscan() = default;
EventDbscan::EventDbscan(EventDbscan&& other) noexcept = default;
EventDbscan& EventDbscan::operator=(EventDbscan&& other) noexcept = default;

const EventDbscan::Params& EventDbscan::params() const noexcept { return implementation_->params(); }
void EventDbscan::reserve(std::size_t points, std::size_t dimensions) { implementation_->reserve(points, dimensions); }
std::int64_t EventDbscan::cluster(View<const double, 2> points, View<const double> weight) {
  return implementation_->cluster(points, weight);
}
std::int64_t EventDbscan::cluster(View<const float, 2> points, View<const double> weight) {
  return implementation_->cluster(points, weight);
}
std::size_t EventDbscan::size() const noexcept { return implementation_->result().labels.size(); }
std::int64_t EventDbscan::cluster_count() const noexcept { return implementation_->result().n_clusters; }
const std::int64_t* EventDbscan::labels() const noexcept { return implementation_->result().labels.data(); }
const std::uint8_t* EventDbscan::core() const noexcept { return implementation_->result().core.data(); }

}  // namespace diskern
