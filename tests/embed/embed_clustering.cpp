// Clusters events as reconstruction code would: embed_clustering FOLDER
// Labels must be those of Python, from 4 threads with an object each, without allocations after the first event.
#include <diskern/clustering.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <cstring>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace {

thread_local long allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

template <class T>
std::vector<T> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

std::atomic<int> failures{0};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  const std::string folder = argv[1];
  constexpr std::size_t dimensions = 3;
  const std::vector<double> points = read<double>(folder + "/points");
  const std::vector<std::int64_t> offsets = read<std::int64_t>(folder + "/offsets");
  const std::vector<std::int64_t> labels = read<std::int64_t>(folder + "/labels");
  const auto work = [&] {
    diskern::EventDbscan dbscan({0.4, 5});
    dbscan.reserve(1000, dimensions);
    const long before = allocations;
    for (std::size_t e = 0; e + 1 < offsets.size(); ++e) {
      const auto begin = static_cast<std::size_t>(offsets[e]);
      const auto count = static_cast<std::size_t>(offsets[e + 1]) - begin;
      dbscan.cluster(diskern::View<const double, 2>(points.data() + dimensions * begin, count, dimensions));
      for (std::size_t i = 0; i < count; ++i) {
        if (dbscan.labels()[i] != labels[begin + i]) {
          std::printf("FAILED event %zu: point %zu\n", e, i);
          ++failures;
          break;
        }
      }
    }
    if (allocations != before) {
      std::printf("FAILED %ld allocations\n", allocations - before);
      ++failures;
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  if (failures == 0) std::printf("%zu events agree\n", offsets.size() - 1);
  return failures == 0 ? 0 : 1;
}
