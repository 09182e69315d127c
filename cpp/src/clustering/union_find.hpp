#pragma once
// Disjoint sets that several threads may unite at once: the root of a set is its lowest element, whatever the order of
// the unions (larger roots are hooked under smaller ones by compare-and-swap).

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace diskern {

class UnionFind {
 public:
  void reserve(std::size_t n) { parent_.reserve(n); }

  void reset(std::size_t n) {
    parent_.resize(n);
    for (std::size_t i = 0; i < n; ++i) parent_[i] = static_cast<std::uint32_t>(i);
  }

  // While nobody unites.
  bool is_root(std::uint32_t i) const noexcept { return parent_[i] == i; }

  std::uint32_t find(std::uint32_t i) noexcept {
    while (true) {
      const std::uint32_t parent = load(i);
      if (parent == i) return i;
      const std::uint32_t grandparent = load(parent);
      // Path halving; a lost race leaves a longer path that is still right.
      if (parent != grandparent) std::atomic_ref(parent_[i]).store(grandparent, std::memory_order_relaxed);
      i = grandparent;
    }
  }

  void unite(std::uint32_t a, std::uint32_t b) noexcept {
    while (true) {
      a = find(a);
      b = find(b);
      if (a == b) return;
      if (a > b) {
        const std::uint32_t kept = a;
        a = b;
        b = kept;
      }
      std::uint32_t expected = b;
      // Only a root may be hooked; if b is none any more, its new root is looked up.
      if (std::atomic_ref(parent_[b]).compare_exchange_strong(expected, a, std::memory_order_relaxed)) return;
    }
  }

 private:
  std::uint32_t load(std::uint32_t i) noexcept {
    return std::atomic_ref(parent_[i]).load(std::memory_order_relaxed);
  }

  std::vector<std::uint32_t> parent_;
};

}  // namespace diskern
