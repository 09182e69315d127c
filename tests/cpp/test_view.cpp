#include <type_traits>
#include <vector>

#include "check.hpp"
#include "diskern/context.hpp"
#include "diskern/view.hpp"

using diskern::Device;
using diskern::View;

TEST(an_empty_view) {
  const View<float> none;
  CHECK(none.empty());
  CHECK_EQUAL(none.size(), std::size_t{0});
  CHECK(none.data() == nullptr);
  const View<float, 2> matrix(nullptr, 0, 5);
  CHECK(matrix.empty());
  CHECK_EQUAL(matrix.columns(), std::size_t{5});
}

TEST(a_matrix_in_c_order) {
  std::vector<int> data = {0, 1, 2, 10, 11, 12};
  const View<int, 2> matrix(data.data(), 2, 3);
  CHECK_EQUAL(matrix.rows(), std::size_t{2});
  CHECK_EQUAL(matrix.columns(), std::size_t{3});
  CHECK_EQUAL(matrix.size(), std::size_t{6});
  CHECK(matrix.contiguous());
  CHECK_EQUAL(matrix(1, 2), 12);
  CHECK_EQUAL(matrix.row(1)[0], 10);
  CHECK_EQUAL(matrix.row(1).size(), std::size_t{3});
  CHECK_EQUAL(matrix.column(2)[1], 12);
  CHECK_EQUAL(matrix.column(2).size(), std::size_t{2});
  CHECK(matrix.row(0).contiguous());
  CHECK(!matrix.column(0).contiguous());
  matrix(0, 1) = 7;  // a view of mutable elements writes through, even when itself constant
  CHECK_EQUAL(data[1], 7);
}

TEST(any_strides) {
  std::vector<int> data = {0, 1, 2, 3, 4, 5};
  const View<int, 2> fortran(data.data(), {2, 3}, {1, 2});
  CHECK_EQUAL(fortran(1, 2), 5);
  CHECK_EQUAL(fortran(0, 1), 2);
  CHECK(!fortran.contiguous());
  const View<int> backwards(data.data() + 5, {6}, {-1});
  CHECK_EQUAL(backwards[0], 5);
  CHECK_EQUAL(backwards[5], 0);
  CHECK(!backwards.contiguous());
  const View<int, 2> flipped(data.data() + 4, {3, 2}, {-2, 1});
  CHECK_EQUAL(flipped.row(0)[1], 5);
  CHECK_EQUAL(flipped(2, 0), 0);
  const View<int, 2> repeated(data.data() + 3, {4, 2}, {0, 1});  // broadcast
  CHECK_EQUAL(repeated(3, 1), 4);
}

TEST(slices_of_rows) {
  std::vector<int> data = {0, 1, 10, 11, 20, 21, 30, 31};
  const View<int, 2> matrix(data.data(), 4, 2);
  const View<int, 2> middle = matrix.slice(1, 3);
  CHECK_EQUAL(middle.rows(), std::size_t{2});
  CHECK_EQUAL(middle(1, 1), 21);
  CHECK(middle.contiguous());
  CHECK(matrix.slice(2, 2).empty());
  const View<int> odd(data.data() + 1, {4}, {2});
  CHECK_EQUAL(odd.slice(2, 4)[1], 31);
}

TEST(constness_goes_one_way_and_the_device_stays) {
  std::vector<double> data(6);
  const View<double, 2> mutable_view(data.data(), 2, 3, Device::cuda);
  const View<const double, 2> constant = mutable_view;
  CHECK(constant.data() == data.data());
  CHECK(constant.device() == Device::cuda);
  CHECK(constant.row(0).device() == Device::cuda);
  CHECK(constant.column(0).device() == Device::cuda);
  CHECK(constant.slice(0, 1).device() == Device::cuda);
  static_assert(std::is_convertible_v<View<double>, View<const double>>);
  static_assert(!std::is_convertible_v<View<const double>, View<double>>);
  static_assert(!std::is_convertible_v<View<float>, View<const double>>);
  static_assert(std::is_trivially_copyable_v<View<double, 2>>);
}

TEST(context_without_a_monitor_is_never_interrupted) {
  struct Stop final : diskern::Monitor {
    bool interrupted() noexcept override { return true; }
    void progress(const diskern::Progress& progress) override { done = progress.done; }
    std::size_t done = 0;
  } monitor;
  diskern::Context context;
  CHECK_EQUAL(context.threads, 1);
  CHECK(context.device == Device::cpu);
  CHECK(!context.interrupted());
  context.report({});
  context.monitor = &monitor;
  CHECK(context.interrupted());
  diskern::Progress progress;
  progress.done = 3;
  context.report(progress);
  CHECK_EQUAL(monitor.done, std::size_t{3});
}
