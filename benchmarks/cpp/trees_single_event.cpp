// One event per call from C++, on one thread: Diskern and the C interfaces of its peers, on forests that their libraries
// trained. benchmarks/python/trees_single_event.py prepares the files, finds the libraries and runs this program.
//
//   benchmark_trees_single_event EVENTS COLUMNS ROUNDS NAME KIND MODEL LIBRARY [NAME KIND MODEL LIBRARY]...
//
// EVENTS: float32, one event a row. KIND: diskern, xgboost, lightgbm, tl2cgen or lleaves; LIBRARY: "-" for diskern.
// Every round times all in turn, each over all events; a line "NAME nanoseconds mean-response" for each.
#include <dlfcn.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "diskern/model.hpp"

namespace {

// Adds the responses of events [0, count).
using Work = std::function<double(const float* events, std::size_t count, std::size_t columns)>;

void* open_library(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  return library;
}

template <class Function>
Function* find(void* library, const char* name) {
  void* symbol = dlsym(library, name);
  if (symbol == nullptr) throw std::runtime_error(std::string("no symbol ") + name);
  return reinterpret_cast<Function*>(symbol);
}

void expect_zero(int status, const char* what) {
  if (status != 0) throw std::runtime_error(std::string(what) + " failed");
}

Work diskern_work(const std::string& path) {
  const auto model = std::make_shared<diskern::Model>(diskern::load(path));
  return [model](const float* events, std::size_t count, std::size_t columns) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      double response = 0;
      model->evaluate(events + i * columns, &response);
      sum += response;
    }
    return sum;
  };
}

Work xgboost_work(const std::string& path, void* library) {
  using Handle = void*;
  const auto create = find<int(const Handle*, std::uint64_t, Handle*)>(library, "XGBoosterCreate");
  const auto load_model = find<int(Handle, const char*)>(library, "XGBoosterLoadModel");
  const auto set = find<int(Handle, const char*, const char*)>(library, "XGBoosterSetParam");
  const auto predict = find<int(Handle, const char*, const char*, Handle, const std::uint64_t**, std::uint64_t*,
                                const float**)>(library, "XGBoosterPredictFromDense");
  Handle booster = nullptr;
  expect_zero(create(nullptr, 0, &booster), "XGBoosterCreate");
  expect_zero(load_model(booster, path.c_str()), "XGBoosterLoadModel");
  expect_zero(set(booster, "nthread", "1"), "XGBoosterSetParam");
  return [=](const float* events, std::size_t count, std::size_t columns) {
    // The text that describes the array is written once: the events are copied to the place that it names.
    std::vector<float> place(columns);
    const std::string array = "{\"data\": [" + std::to_string(reinterpret_cast<std::uintptr_t>(place.data())) +
                              ", true], \"shape\": [1, " + std::to_string(columns) +
                              "], \"typestr\": \"<f4\", \"version\": 3}";
    const char* const settings =
        "{\"type\": 0, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, \"strict_shape\": false, "
        "\"missing\": NaN, \"cache_id\": 0}";
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < columns; ++j) place[j] = events[i * columns + j];
      const std::uint64_t* shape = nullptr;
      std::uint64_t dimensions = 0;
      const float* result = nullptr;
      expect_zero(predict(booster, array.c_str(), settings, nullptr, &shape, &dimensions, &result), "XGBoost");
      sum += static_cast<double>(result[0]);
    }
    return sum;
  };
}

Work lightgbm_work(const std::string& path, void* library) {
  using Handle = void*;
  const auto create = find<int(const char*, int*, Handle*)>(library, "LGBM_BoosterCreateFromModelfile");
  const auto initialise = find<int(Handle, int, int, int, int, std::int32_t, const char*, Handle*)>(
      library, "LGBM_BoosterPredictForMatSingleRowFastInit");
  const auto predict =
      find<int(Handle, const void*, std::int64_t*, double*)>(library, "LGBM_BoosterPredictForMatSingleRowFast");
  Handle booster = nullptr;
  int iterations = 0;
  expect_zero(create(path.c_str(), &iterations, &booster), "LGBM_BoosterCreateFromModelfile");
  const auto fast = std::make_shared<Handle>(nullptr);
  return [=](const float* events, std::size_t count, std::size_t columns) {
    if (*fast == nullptr) {
      expect_zero(initialise(booster, 0, 0, 0, 0, static_cast<std::int32_t>(columns), "num_threads=1", fast.get()),
                  "LightGBM");
    }
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::int64_t length = 0;
      double result = 0;
      expect_zero(predict(*fast, events + i * columns, &length, &result), "LightGBM");
      sum += result;
    }
    return sum;
  };
}

Work tl2cgen_work(void* library) {
  union Entry {
    int missing;
    float value;
  };
  const auto predict = find<void(Entry*, int, float*)>(library, "predict");
  return [=](const float* events, std::size_t count, std::size_t columns) {
    std::vector<Entry> place(columns);
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < columns; ++j) place[j].value = events[i * columns + j];
      float result = 0;
      predict(place.data(), 0, &result);
      sum += static_cast<double>(result);
    }
    return sum;
  };
}

// The raw score: lleaves applies the link in Python. It takes float64, which the events are copied to.
Work lleaves_work(void* library) {
  const auto root = find<void(double*, double*, int, int)>(library, "forest_root");
  return [=](const float* events, std::size_t count, std::size_t columns) {
    std::vector<double> place(columns);
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < columns; ++j) place[j] = static_cast<double>(events[i * columns + j]);
      double result = 0;
      root(place.data(), &result, 0, 1);
      sum += result;
    }
    return sum;
  };
}

Work make(const std::string& kind, const std::string& model, const std::string& library) {
  if (kind == "diskern") return diskern_work(model);
  void* const opened = open_library(library);
  if (kind == "xgboost") return xgboost_work(model, opened);
  if (kind == "lightgbm") return lightgbm_work(model, opened);
  if (kind == "tl2cgen") return tl2cgen_work(opened);
  if (kind == "lleaves") return lleaves_work(opened);
  throw std::runtime_error("unknown kind " + kind);
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 7 || (arguments.size() - 3) % 4 != 0) {
    std::fprintf(stderr, "EVENTS COLUMNS ROUNDS NAME KIND MODEL LIBRARY [NAME KIND MODEL LIBRARY]...\n");
    return 2;
  }
  std::ifstream file(arguments[0], std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + arguments[0]);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t columns = std::stoul(arguments[1]);
  const auto rounds = std::stoi(arguments[2]);
  const std::size_t count = bytes.size() / sizeof(float) / columns;
  std::vector<float> events(count * columns);
  for (std::size_t i = 0; i < events.size(); ++i) {
    __builtin_memcpy(&events[i], bytes.data() + i * sizeof(float), sizeof(float));
  }
  std::vector<std::pair<std::string, Work>> contestants;
  for (std::size_t i = 3; i < arguments.size(); i += 4) {
    contestants.emplace_back(arguments[i], make(arguments[i + 1], arguments[i + 2], arguments[i + 3]));
  }
  for (const auto& [name, work] : contestants) work(events.data(), count / 10, columns);  // warm
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t k = 0; k < contestants.size(); ++k) {
      const auto& [name, work] = contestants[round % 2 == 0 ? k : contestants.size() - 1 - k];
      const auto begin = std::chrono::steady_clock::now();
      const double sum = work(events.data(), count, columns);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      std::printf("%s %.2f %.9f\n", name.c_str(), 1e9 * seconds / static_cast<double>(count),
                  sum / static_cast<double>(count));
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
