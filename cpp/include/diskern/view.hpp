#pragma once
// View: pointer, shape, strides, device; never owns. The only array that crosses a boundary.

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace diskern {

enum class Device : std::uint8_t { cpu = 0, cuda = 1 };

template <class T, int Rank = 1>
class View {
  static_assert(Rank == 1 || Rank == 2, "views have one or two dimensions");

 public:
  View() = default;

  // A contiguous vector, or a C-ordered matrix.
  template <int R = Rank, std::enable_if_t<R == 1, int> = 0>
  View(T* data, std::size_t size, Device device = Device::cpu) : data_(data), shape_{size}, strides_{1}, device_(device) {}
  template <int R = Rank, std::enable_if_t<R == 2, int> = 0>
  View(T* data, std::size_t rows, std::size_t columns, Device device = Device::cpu)
      : data_(data), shape_{rows, columns}, strides_{static_cast<std::ptrdiff_t>(columns), 1}, device_(device) {}
  // Any strides, counted in elements.
  View(T* data, std::array<std::size_t, Rank> shape, std::array<std::ptrdiff_t, Rank> strides, Device device = Device::cpu)
      : data_(data), shape_(shape), strides_(strides), device_(device) {}
  // A view of mutable elements is a view of constant ones.
  template <class U, std::enable_if_t<std::is_same_v<const U, T> && !std::is_same_v<U, T>, int> = 0>
  View(const View<U, Rank>& other)  // NOLINT(google-explicit-constructor)
      : data_(other.data()), shape_(other.shape()), strides_(other.strides()), device_(other.device()) {}

  T* data() const noexcept { return data_; }
  const std::array<std::size_t, Rank>& shape() const noexcept { return shape_; }
  const std::array<std::ptrdiff_t, Rank>& strides() const noexcept { return strides_; }
  Device device() const noexcept { return device_; }
  std::size_t size() const noexcept { return Rank == 1 ? shape_[0] : shape_[0] * shape_[Rank - 1]; }
  std::size_t rows() const noexcept { return shape_[0]; }
  std::size_t columns() const noexcept { return Rank == 1 ? 1 : shape_[Rank - 1]; }
  bool empty() const noexcept { return size() == 0; }
  bool contiguous() const noexcept {
    return strides_[Rank - 1] == 1 && (Rank == 1 || strides_[0] == static_cast<std::ptrdiff_t>(shape_[Rank - 1]));
  }

  T& operator[](std::size_t i) const noexcept { return data_[static_cast<std::ptrdiff_t>(i) * strides_[0]]; }
  template <int R = Rank, std::enable_if_t<R == 2, int> = 0>
  T& operator()(std::size_t i, std::size_t j) const noexcept {
    return data_[static_cast<std::ptrdiff_t>(i) * strides_[0] + static_cast<std::ptrdiff_t>(j) * strides_[1]];
  }
  template <int R = Rank, std::enable_if_t<R == 2, int> = 0>
  View<T, 1> row(std::size_t i) const noexcept {
    return View<T, 1>(data_ + static_cast<std::ptrdiff_t>(i) * strides_[0], {shape_[1]}, {strides_[1]}, device_);
  }
  template <int R = Rank, std::enable_if_t<R == 2, int> = 0>
  View<T, 1> column(std::size_t j) const noexcept {
    return View<T, 1>(data_ + static_cast<std::ptrdiff_t>(j) * strides_[1], {shape_[0]}, {strides_[0]}, device_);
  }
  // Rows [begin, end).
  View slice(std::size_t begin, std::size_t end) const noexcept {
    View result = *this;
    result.data_ = data_ + static_cast<std::ptrdiff_t>(begin) * strides_[0];
    result.shape_[0] = end - begin;
    return result;
  }

 private:
  T* data_ = nullptr;
  std::array<std::size_t, Rank> shape_{};
  std::array<std::ptrdiff_t, Rank> strides_{};
  Device device_ = Device::cpu;
};

}  // namespace diskern
