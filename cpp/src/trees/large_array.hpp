#pragma once
// Memory for arrays that are read in leaps: on Linux in large pages where the system gives them, so that a leap does
// not cost a walk through the page tables.

#include <cstddef>
#include <cstdlib>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace diskern::trees {

template <class T>
struct LargeAllocator {
  using value_type = T;
  static constexpr std::size_t page = std::size_t{1} << 21U;

  LargeAllocator() = default;
  template <class U>
  LargeAllocator(const LargeAllocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t n) {
    const std::size_t bytes = n * sizeof(T);
    if (n > (~std::size_t{0} - page) / sizeof(T)) throw std::bad_alloc();
    if (bytes < page) return static_cast<T*>(::operator new(bytes, std::align_val_t{64}));
    const std::size_t whole = (bytes + page - 1) / page * page;
    void* memory = ::operator new(whole, std::align_val_t{page});
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    madvise(memory, whole, MADV_HUGEPAGE);  // a wish; without it the memory is what it always was
#endif
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t n) noexcept {
    ::operator delete(memory, std::align_val_t{n * sizeof(T) < page ? std::size_t{64} : page});
  }
  friend bool operator==(const LargeAllocator&, const LargeAllocator&) noexcept { return true; }
};

template <class T>
using LargeArray = std::vector<T, LargeAllocator<T>>;

}  // namespace diskern::trees
