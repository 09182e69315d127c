// Evaluates the models that make_models.py saved: embed FOLDER
// Responses must be those of Python, bit for bit, from 8 threads, without allocations.
#include <diskern/model.hpp>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>
#include <algorithm>
#include <string>
#include <thread>
#include <vector>

extern "C" int check_c_interface_with_key(const char* path, const float* events, const double* key,
                                          std::size_t event_count, const double* expected);
extern "C" int check_c_interface(const char* path, const float* events, std::size_t event_count, const double* expected);

namespace {

std::atomic<long> allocations{0};

}  // namespace

// Counts every allocation of the program, of the library too.
void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
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

bool same(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

int failures = 0;
void check(bool condition, const std::string& name, const char* what) {
  if (condition) return;
  std::printf("FAILED %s: %s\n", name.c_str(), what);
  ++failures;
}

void run(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  const diskern::Model model = diskern::load(path);
  const std::vector<float> events = read<float>(path + ".events");
  const std::vector<double> expected = read<double>(path + ".responses");
  const std::size_t n_variables = model.variable_count();
  const std::size_t n_outputs = model.output_count();
  const std::size_t n = events.size() / n_variables;
  check(n > 100 && expected.size() == n * n_outputs, name, "shape of the events");

  const std::size_t n_key = model.key_columns().size();
  const std::vector<double> key = n_key > 0 ? read<double>(path + ".key") : std::vector<double>();
  check(key.size() == n * n_key, name, "shape of the keys");
  const auto evaluate = [&](std::size_t i, double* outputs) {
    const float* event = events.data() + i * n_variables;
    if (n_key > 0) {
      model.evaluate(event, key.data() + i * n_key, outputs);
    } else {
      model.evaluate(event, outputs);
    }
  };

  // One thread, and no allocation in evaluate.
  std::vector<double> responses(expected.size());
  const long before = allocations.load();
  for (std::size_t i = 0; i < n; ++i) evaluate(i, responses.data() + i * n_outputs);
  check(allocations.load() == before, name, "evaluate allocates");
  check(same(responses, expected), name, "responses one by one");

  // 8 threads share the model; every one evaluates all events, beginning elsewhere.
  std::atomic<int> different{0};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      std::vector<double> own(expected.size());
      for (std::size_t k = 0; k < n; ++k) {
        const std::size_t i = (k + t * n / 8) % n;
        evaluate(i, own.data() + i * n_outputs);
      }
      if (!same(own, expected)) ++different;
    });
  }
  for (std::thread& thread : threads) thread.join();
  check(different == 0, name, "responses from 8 threads");

  // Batches, for several numbers of threads.
  for (const int count : {1, 2, 5, 0}) {
    diskern::Context context;
    context.threads = count;
    std::fill(responses.begin(), responses.end(), 0.0);
    const diskern::View<const float, 2> rows(events.data(), n, n_variables);
    const diskern::View<double, 2> out(responses.data(), n, n_outputs);
    if (n_key > 0) {
      model.evaluate(context, rows, diskern::View<const double, 2>(key.data(), n, n_key), out);
    } else {
      model.evaluate(context, rows, out);
    }
    check(same(responses, expected), name, "responses of a batch");
  }

  // From input columns, where make_models.py wrote some.
  if (std::ifstream(path + ".inputs")) {
    const std::vector<double> inputs = read<double>(path + ".inputs");
    const std::vector<double> from_inputs = read<double>(path + ".inputs.responses");
    const std::size_t n_inputs = model.inputs().size();
    std::vector<double> own(from_inputs.size());
    const long count = allocations.load();
    for (std::size_t i = 0; i < from_inputs.size() / n_outputs; ++i) {
      model.evaluate_inputs(inputs.data() + i * n_inputs, own.data() + i * n_outputs);
    }
    check(allocations.load() == count, name, "evaluate_inputs allocates");
    check(same(own, from_inputs), name, "responses from input columns");
  }

  // Densities of the response: response, probability and rarity as Python has them.
  const bool densities = static_cast<bool>(std::ifstream(path + ".probability"));
  check(densities == model.has_response_densities(), name, "densities of the response");
  if (densities) {
    const std::vector<double> known = read<double>(path + ".probability");
    const long count = allocations.load();
    bool equal = true;
    for (std::size_t i = 0; i < known.size(); i += 3) {
      equal = equal && model.probability(known[i], 0.3) == known[i + 1] && model.rarity(known[i]) == known[i + 2];
    }
    check(equal, name, "probability and rarity");
    check(allocations.load() == count, name, "probability allocates");
  } else {
    check(std::isnan(model.probability(0.0)) && std::isnan(model.rarity(0.0)), name, "probability without densities");
  }

  // Written and read again by C++.
  const std::vector<std::uint8_t> bytes = model.bytes();
  const diskern::Model again = diskern::Model::from_bytes(bytes.data(), bytes.size());
  check(again.bytes() == bytes, name, "bytes after writing again");
  const std::vector<char> file = read<char>(path);
  const bool is_xml = file[0] == '<';
  check(is_xml || (file.size() == bytes.size() && std::memcmp(file.data(), bytes.data(), bytes.size()) == 0), name,
        "bytes that Python wrote");
  model.save(path + ".copy");
  check(read<std::uint8_t>(path + ".copy") == bytes, name, "saved file");

  // Without the key no fold can be chosen: NaN for one event, an error for a batch, never some fold.
  if (n_key > 0) {
    model.evaluate(events.data(), responses.data());
    check(std::isnan(responses[0]), name, "an event without its key has a response");
    bool thrown = false;
    try {
      model.evaluate(diskern::View<const float, 2>(events.data(), n, n_variables),
                     diskern::View<double, 2>(responses.data(), n, n_outputs));
    } catch (const diskern::InvalidArgument&) {
      thrown = true;
    }
    check(thrown, name, "a batch without keys is evaluated");
  }

  const int line = n_key > 0 ? check_c_interface_with_key(path.c_str(), events.data(), key.data(), n, expected.data())
                             : check_c_interface(path.c_str(), events.data(), n, expected.data());
  if (line != 0) std::printf("c_interface.c, line %d\n", line);
  check(line == 0, name, "C interface");
  std::printf("%s: %s %s, %zu variables, %zu outputs, %zu events\n", name.c_str(), model.info().method.c_str(),
              model.info().title.c_str(), n_variables, n_outputs, n);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  const std::string folder = argv[1];
  try {
    std::ifstream list(folder + "/models.txt");
    int count = 0;
    for (std::string name; std::getline(list, name); ++count) run(folder, name);
    check(count > 0, "models.txt", "no models");
    bool thrown = false;
    try {
      const char damaged[] = "\x89" "DISKERN and so on, but not a model";
      diskern::Model::from_bytes(damaged, sizeof(damaged));
    } catch (const diskern::FormatError&) {
      thrown = true;
    }
    check(thrown, "damaged bytes", "no FormatError across the library's border");
  } catch (const std::exception& error) {
    std::printf("FAILED %s\n", error.what());
    return 1;
  }
  std::printf(failures == 0 ? "all agree\n" : "%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
