// The C interface: nothing is thrown across it.
#include <cstddef>
#include <exception>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "diskern/diskern.h"
#include "diskern/model.hpp"

struct diskern_model {
  diskern::Model model;
};

namespace {

std::string& last_error() {
  thread_local std::string message;
  return message;
}

diskern_status fail(diskern_status status, const char* message) noexcept {
  try {
    last_error() = message;
  } catch (...) {
    last_error().clear();  // no memory for the message
  }
  return status;
}

template <class Body>
diskern_status guarded(const Body& body) noexcept {
  try {
    body();
    return DISKERN_OK;
  } catch (const diskern::InvalidArgument& error) {
    return fail(DISKERN_INVALID_ARGUMENT, error.what());
  } catch (const diskern::FormatError& error) {
    return fail(DISKERN_FORMAT_ERROR, error.what());
  } catch (const std::exception& error) {
    return fail(DISKERN_FAILURE, error.what());
  } catch (...) {
    return fail(DISKERN_FAILURE, "unknown failure");
  }
}

void require(bool condition, const char* message) {
  if (!condition) throw diskern::InvalidArgument(message);
}

// The names of the inputs, or an empty list where they cannot be had.
const std::vector<std::string>& inputs_of(const diskern_model* model) noexcept {
  static const std::vector<std::string> none;
  try {
    return model->model.inputs();
  } catch (...) {
    return none;
  }
}

template <class T>
diskern_status evaluate_columns(const diskern_model* model, const T* const* columns, size_t event_count,
                                double* outputs, int threads, const char* function) noexcept {
  return guarded([&] {
    const size_t n_variables = model->model.variable_count();
    require(threads >= 0, (std::string(function) + ": threads must not be negative").c_str());
    require(columns != nullptr, (std::string(function) + ": columns must not be NULL").c_str());
    require(outputs != nullptr || event_count == 0, (std::string(function) + ": outputs must not be NULL").c_str());
    for (size_t j = 0; j < n_variables; ++j) {
      if (columns[j] == nullptr && event_count != 0) {
        throw diskern::InvalidArgument(std::string(function) + ": column " + std::to_string(j) + " is NULL");
      }
    }
    diskern::Context context;
    context.threads = threads;
    model->model.evaluate_columns(context, std::vector<const T*>(columns, columns + n_variables),
                                  diskern::View<double, 2>(outputs, event_count, model->model.output_count()));
  });
}

}  // namespace

extern "C" {

int diskern_abi_version(void) { return DISKERN_ABI_VERSION; }
const char* diskern_version(void) { return DISKERN_VERSION; }
const char* diskern_last_error(void) { return last_error().c_str(); }

diskern_status diskern_model_load(const char* path, diskern_model** model) {
  if (model != nullptr) *model = nullptr;
  return guarded([&] {
    require(path != nullptr && model != nullptr, "diskern_model_load: path and model must not be NULL");
    *model = new diskern_model{diskern::load(path)};
  });
}

diskern_status diskern_model_from_bytes(const void* data, size_t size, diskern_model** model) {
  if (model != nullptr) *model = nullptr;
  return guarded([&] {
    require(data != nullptr && model != nullptr, "diskern_model_from_bytes: data and model must not be NULL");
    *model = new diskern_model{diskern::Model::from_bytes(data, size)};
  });
}

void diskern_model_free(diskern_model* model) { delete model; }

const char* diskern_model_method(const diskern_model* model) { return model->model.info().method.c_str(); }
const char* diskern_model_title(const diskern_model* model) { return model->model.info().title.c_str(); }
size_t diskern_model_variable_count(const diskern_model* model) { return model->model.variable_count(); }
size_t diskern_model_output_count(const diskern_model* model) { return model->model.output_count(); }

const char* diskern_model_variable_label(const diskern_model* model, size_t index) {
  const auto& variables = model->model.info().variables;
  return index < variables.size() ? variables[index].label.c_str() : nullptr;
}
const char* diskern_model_variable_expression(const diskern_model* model, size_t index) {
  const auto& variables = model->model.info().variables;
  return index < variables.size() ? variables[index].expression.c_str() : nullptr;
}
const char* diskern_model_output_name(const diskern_model* model, size_t index) {
  const auto& outputs = model->model.info().outputs;
  return index < outputs.size() ? outputs[index].c_str() : nullptr;
}

diskern_status diskern_model_bind(const diskern_model* model, const char* const* names, size_t count,
                                  size_t* positions) {
  return guarded([&] {
    require(names != nullptr || count == 0, "diskern_model_bind: names must not be NULL");
    std::vector<std::string> list;
    for (size_t i = 0; i < count; ++i) {
      require(names[i] != nullptr, "diskern_model_bind: a name is NULL");
      list.emplace_back(names[i]);
    }
    const std::vector<std::size_t> found = model->model.bind(list);
    for (size_t j = 0; j < found.size(); ++j) positions[j] = found[j];
  });
}

void diskern_model_evaluate(const diskern_model* model, const float* variables, double* outputs) {
  model->model.evaluate(variables, outputs);
}

size_t diskern_model_key_count(const diskern_model* model) { return model->model.key_columns().size(); }
const char* diskern_model_key_name(const diskern_model* model, size_t index) {
  const auto& names = model->model.key_columns();
  return index < names.size() ? names[index].c_str() : nullptr;
}
void diskern_model_evaluate_with_key(const diskern_model* model, const float* variables, const double* key,
                                     double* outputs) {
  model->model.evaluate(variables, key, outputs);
}

diskern_status diskern_model_evaluate_batch(const diskern_model* model, const float* events, size_t event_count,
                                            size_t stride, double* outputs, int threads) {
  return guarded([&] {
    const size_t n_variables = model->model.variable_count();
    require(threads >= 0, "diskern_model_evaluate_batch: threads must not be negative");
    require(stride >= n_variables, "diskern_model_evaluate_batch: stride is less than the number of variables");
    constexpr auto most = static_cast<size_t>(std::numeric_limits<std::ptrdiff_t>::max());
    require(event_count == 0 || stride <= most / event_count, "diskern_model_evaluate_batch: too many events");
    diskern::Context context;
    context.threads = threads;
    const diskern::View<const float, 2> rows(events, {event_count, n_variables},
                                             {static_cast<std::ptrdiff_t>(stride), 1});
    model->model.evaluate(context, rows, diskern::View<double, 2>(outputs, event_count, model->model.output_count()));
  });
}

diskern_status diskern_model_evaluate_columns(const diskern_model* model, const float* const* columns,
                                              size_t event_count, double* outputs, int threads) {
  return evaluate_columns(model, columns, event_count, outputs, threads, "diskern_model_evaluate_columns");
}
diskern_status diskern_model_evaluate_double_columns(const diskern_model* model, const double* const* columns,
                                                     size_t event_count, double* outputs, int threads) {
  return evaluate_columns(model, columns, event_count, outputs, threads, "diskern_model_evaluate_double_columns");
}

int diskern_model_has_response_densities(const diskern_model* model) {
  return model->model.has_response_densities() ? 1 : 0;
}
double diskern_model_probability(const diskern_model* model, double response, double signal_fraction) {
  return model->model.probability(response, signal_fraction);
}
double diskern_model_rarity(const diskern_model* model, double response) { return model->model.rarity(response); }

size_t diskern_model_input_count(const diskern_model* model) { return inputs_of(model).size(); }
const char* diskern_model_input_name(const diskern_model* model, size_t index) {
  const auto& inputs = inputs_of(model);
  return index < inputs.size() ? inputs[index].c_str() : nullptr;
}
void diskern_model_evaluate_inputs(const diskern_model* model, const double* inputs, double* outputs) {
  model->model.evaluate_inputs(inputs, outputs);
}

}  // extern "C"
