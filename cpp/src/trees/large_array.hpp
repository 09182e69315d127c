#pragma once
// Memory for arrays of millions of elements: on Linux in large pages where the system gives them, so that reading in
// leaps does not cost a walk through the page tables, and given back to the system as soon as it is let go. (malloc keeps
// what threads have freed: the buffers of a sort stayed in the process while the trees were grown.) What does not fill
// a large page at the end lies in small ones.

#include <cstddef>
#include <cstdint>
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
#if defined(__linux__)
    const std::size_t whole = whole_small_pages(bytes);
    void* memory = mmap(nullptr, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    char* begin = static_cast<char*>(memory);
    const std::size_t before = (page - reinterpret_cast<std::uintptr_t>(begin) % page) % page;
    if (before > 0) munmap(begin, before);
    begin += before;
    munmap(begin + whole, page - before);
#if defined(MADV_HUGEPAGE)
    madvise(begin, whole, MADV_HUGEPAGE);  // a wish; without it the memory is what it always was
#endif
    return reinterpret_cast<T*>(begin);
#else
    return static_cast<T*>(::operator new(bytes, std::align_val_t{64}));
#endif
  }
  void deallocate(T* memory, std::size_t n) noexcept {
#if defined(__linux__)
    if (n * sizeof(T) >= page) {
      munmap(memory, whole_small_pages(n * sizeof(T)));
      return;
    }
#else
    (void)n;
#endif
    ::operator delete(memory, std::align_val_t{64});
  }
  friend bool operator==(const LargeAllocator&, const LargeAllocator&) noexcept { return true; }

 private:
  // 64 KiB: the largest of Linux' small pages.
  static constexpr std::size_t small_page = std::size_t{1} << 16U;
  static std::size_t whole_small_pages(std::size_t bytes) noexcept {
    return (bytes + small_page - 1) / small_page * small_page;
  }
};

template <class T>
using LargeArray = std::vector<T, LargeAllocator<T>>;

}  // namespace diskern::trees
