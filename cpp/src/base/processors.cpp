#include "base/processors.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif

#include "diskern/error.hpp"

namespace diskern {

namespace {

constexpr double no_limit = std::numeric_limits<double>::infinity();
constexpr int most_threads = 4096;  // more than any machine has; catches mistyped variables

double quota_over_period(double quota, double period) {
  return quota > 0.0 && period > 0.0 ? quota / period : no_limit;
}

// "max 100000" or "150000 100000"
double version2_limit(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  std::string quota;
  double period = 0.0;
  if (!(file >> quota >> period) || quota == "max") return no_limit;
  double value = 0.0;
  if (!(std::istringstream(quota) >> value)) return no_limit;
  return quota_over_period(value, period);
}

double version1_limit(const std::string& folder) {
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us");
  std::ifstream period_file(folder + "/cpu.cfs_period_us");
  double quota = 0.0;
  double period = 0.0;
  if (!(quota_file >> quota) || !(period_file >> period)) return no_limit;
  return quota_over_period(quota, period);
}

// A quota of any ancestor binds too. Inside a container the listed path may not exist, its root then does.
template <class Limit>
double tightest_upwards(const std::string& mount, std::string path, Limit limit) {
  double tightest = no_limit;
  while (true) {
    const double here = limit(mount + path);
    if (here < tightest) tightest = here;
    if (path.empty()) return tightest;
    const std::size_t slash = path.find_last_of('/');
    path.resize(slash == std::string::npos ? 0 : slash);
  }
}

bool has_controller(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (list.substr(0, comma) == name) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

int affinity_processors() {
#ifdef __linux__
  // The kernel wants a mask as large as its own; the fixed cpu_set_t ends at 1024 processors.
  for (std::size_t processors = 1024; processors <= (std::size_t{1} << 18); processors *= 4) {
    cpu_set_t* set = CPU_ALLOC(processors);
    if (set == nullptr) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(processors);
    const int status = sched_getaffinity(0, bytes, set);
    const int count = status == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
#endif
  const unsigned count = std::thread::hardware_concurrency();
  return count == 0 ? 1 : static_cast<int>(count);
}

double cgroup_processors(const std::string& membership, const std::string& root) {
  std::ifstream file(membership);
  const std::string folder = root + "/";
  double tightest = no_limit;
  std::string line;
  while (std::getline(file, line)) {
    // hierarchy-ID:controllers:path
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::string path = line.substr(second + 1);
    if (path == "/") path.clear();
    if (controllers.empty()) {
      tightest = std::min(tightest, tightest_upwards(root, path, version2_limit));
    } else if (has_controller(controllers, "cpu")) {
      tightest = std::min(tightest, tightest_upwards(folder + "cpu", path, version1_limit));
      if (controllers != "cpu")
        tightest = std::min(tightest, tightest_upwards(folder + controllers, path, version1_limit));
    }
  }
  return tightest;
}

int threads_from_own_variable(const char* text) {
  if (text == nullptr || *text == '\0') return 0;
  int value = 0;
  const char* end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, value);
  if (error != std::errc() || stopped != end || value < 1 || value > most_threads) {
    throw InvalidArgument("the environment variable DISKERN_NUM_THREADS is '" + std::string(text) +
                          "', expected a number of threads from 1 to " + std::to_string(most_threads));
  }
  return value;
}

int threads_from_openmp_variable(const char* text) {
  if (text == nullptr) return 0;
  while (*text == ' ' || *text == '\t') ++text;
  int value = 0;
  const auto [stopped, error] = std::from_chars(text, text + std::strlen(text), value);
  const bool ends_well = *stopped == '\0' || *stopped == ',' || *stopped == ' ' || *stopped == '\t';
  return error == std::errc() && ends_well && value >= 1 && value <= most_threads ? value : 0;
}

}  // namespace diskern
