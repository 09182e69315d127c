// The model handle: what diskern.Model wraps.
#include "diskern/model.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "common.hpp"
#include "events.hpp"
#include "model/categories.hpp"
#include "model/foreign.hpp"
#include "model/implementation.hpp"
#include "model/tmva_xml.hpp"

namespace diskern::python {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Refuses a key that is not in the list, so that a misspelt one is not lost silently.
void check_keys(const py::dict& dictionary, const std::vector<std::string>& known, const std::string& where) {
  for (const auto& item : dictionary) {
    const std::string key = py::str(item.first);
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string list;
    for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
    throw InvalidArgument(where + " has the unknown key '" + key + "', expected " + list);
  }
}

template <class T>
void take(const py::dict& dictionary, const char* key, T& value) {
  if (!dictionary.contains(key)) return;
  try {
    value = dictionary[key].cast<T>();
  } catch (const py::cast_error&) {
    throw InvalidArgument(std::string("'") + key + "' of the model's info has an unexpected type: " +
                          std::string(py::str(py::type::of(dictionary[key]))));
  }
}

std::vector<VariableInfo> to_variables(const py::dict& info, const char* key) {
  std::vector<py::dict> items;
  take(info, key, items);
  std::vector<VariableInfo> variables;
  for (const py::dict& item : items) {
    check_keys(item, {"expression", "label", "title", "unit", "internal", "type", "minimum", "maximum"},
               "an element of '" + std::string(key) + "'");
    VariableInfo variable;
    std::string type = "F";
    take(item, "expression", variable.expression);
    take(item, "label", variable.label);
    take(item, "title", variable.title);
    take(item, "unit", variable.unit);
    take(item, "internal", variable.internal);
    take(item, "type", type);
    take(item, "minimum", variable.minimum);
    take(item, "maximum", variable.maximum);
    if (type.size() != 1)
      throw InvalidArgument("the type of '" + variable.label + "' must be one letter, got '" + type + "'");
    variable.type = type[0];
    variables.push_back(std::move(variable));
  }
  return variables;
}

ModelInfo to_info(const py::dict& dictionary) {
  check_keys(dictionary,
             {"method", "title", "analysis_type", "variables", "spectators", "targets", "classes", "signal_class",
              "options", "provenance", "outputs"},
             "the model's info");
  ModelInfo info;
  std::string analysis_type = model::analysis_type_name(info.analysis_type);
  take(dictionary, "method", info.method);
  take(dictionary, "title", info.title);
  take(dictionary, "analysis_type", analysis_type);
  info.analysis_type = model::analysis_type_from_name(analysis_type);
  info.variables = to_variables(dictionary, "variables");
  info.spectators = to_variables(dictionary, "spectators");
  info.targets = to_variables(dictionary, "targets");
  take(dictionary, "classes", info.classes);
  take(dictionary, "signal_class", info.signal_class);
  take(dictionary, "options", info.options);
  take(dictionary, "provenance", info.provenance);
  take(dictionary, "outputs", info.outputs);
  return info;
}

py::list from_variables(const std::vector<VariableInfo>& variables) {
  py::list result;
  for (const VariableInfo& variable : variables) {
    py::dict item;
    item["expression"] = variable.expression;
    item["label"] = variable.label;
    item["title"] = variable.title;
    item["unit"] = variable.unit;
    item["internal"] = variable.internal;
    item["type"] = std::string(1, variable.type);
    item["minimum"] = variable.minimum;
    item["maximum"] = variable.maximum;
    result.append(item);
  }
  return result;
}

py::list from_pairs(const Pairs& pairs) {
  py::list result;
  for (const auto& [key, value] : pairs) {
    py::list item;
    item.append(key);
    item.append(value);
    result.append(item);
  }
  return result;
}

py::dict from_info(const ModelInfo& info) {
  py::dict result;
  result["method"] = info.method;
  result["title"] = info.title;
  result["analysis_type"] = model::analysis_type_name(info.analysis_type);
  result["variables"] = from_variables(info.variables);
  result["spectators"] = from_variables(info.spectators);
  result["targets"] = from_variables(info.targets);
  result["classes"] = info.classes;
  result["signal_class"] = info.signal_class;
  result["options"] = from_pairs(info.options);
  result["provenance"] = from_pairs(info.provenance);
  result["outputs"] = info.outputs;
  return result;
}

py::array_t<double> evaluate(const Model& self, const py::array& events, int threads) {
  const EventSource source =
      event_source(events, "events", events.ndim() == 2 ? static_cast<std::size_t>(events.shape(1)) : 0);
  const auto n = static_cast<std::size_t>(events.shape(0));
  const Context context = make_context(threads, 0);
  py::array_t<double> responses({n, self.output_count()});
  const View<double, 2> out(responses.mutable_data(), n, self.output_count());
  for_row_slices(n, [&](std::size_t begin, std::size_t end) {
    self.implementation()->evaluate(context, from_row(source, begin), out.slice(begin, end));
  });
  return responses;
}

// Columns of one dtype, float32 or float64, and one stride; the Python side makes them so.
py::array_t<double> evaluate_columns(const Model& self, const std::vector<py::array>& columns, int threads) {
  std::vector<const void*> pointers;
  EventSource source{nullptr, nullptr, 1, 0, columns.size(), false};
  py::ssize_t n = 0;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const py::array& column = columns[j];
    const bool is_double = py::isinstance<py::array_t<double>>(column);
    const auto item = static_cast<py::ssize_t>(is_double ? sizeof(double) : sizeof(float));
    if ((!is_double && !py::isinstance<py::array_t<float>>(column)) || column.ndim() != 1) {
      throw InvalidArgument("columns must be vectors of float32 or float64, got " +
                            std::string(py::str(column.dtype())) + " with " + std::to_string(column.ndim()) +
                            " dimensions");
    }
    check_alignment(column, "columns");
    if (j == 0) {
      n = column.shape(0);
      source.is_double = is_double;
      source.row_stride = column.strides(0) / item;
    } else if (column.shape(0) != n || is_double != source.is_double || column.strides(0) / item != source.row_stride) {
      throw InvalidArgument("columns must have one length, dtype and stride; column " + std::to_string(j) +
                            " differs from the first");
    }
    pointers.push_back(column.data());
  }
  const Context context = make_context(threads, 0);
  py::array_t<double> responses({static_cast<std::size_t>(n), self.output_count()});
  const View<double, 2> out(responses.mutable_data(), static_cast<std::size_t>(n), self.output_count());
  std::vector<const void*> shifted(pointers.size());
  for_row_slices(static_cast<std::size_t>(n), [&](std::size_t begin, std::size_t end) {
    const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(begin) * source.row_stride *
                                 static_cast<std::ptrdiff_t>(source.is_double ? sizeof(double) : sizeof(float));
    for (std::size_t j = 0; j < pointers.size(); ++j) shifted[j] = static_cast<const char*>(pointers[j]) + bytes;
    source.columns = shifted.data();
    self.implementation()->evaluate(context, source, out.slice(begin, end));
  });
  return responses;
}

py::array_t<double> evaluate_with_key(const Model& self, const py::array& events, const py::array& key, int threads) {
  const View<const float, 2> view = matrix<float>(events, "events");
  const View<const double, 2> keys = matrix<double>(key, "key");
  if (keys.rows() != view.rows()) {
    throw InvalidArgument("key has " + std::to_string(keys.rows()) + " rows, expected one for each of the " +
                          std::to_string(view.rows()) + " events");
  }
  const Context context = make_context(threads, 0);
  py::array_t<double> responses({view.rows(), self.output_count()});
  const View<double, 2> out(responses.mutable_data(), view.rows(), self.output_count());
  for_row_slices(view.rows(), [&](std::size_t begin, std::size_t end) {
    self.evaluate(context, view.slice(begin, end), keys.slice(begin, end), out.slice(begin, end));
  });
  return responses;
}

py::array_t<double> evaluate_inputs(const Model& self, const py::array& inputs) {
  const View<const double, 2> view = matrix<double>(inputs, "inputs");
  const std::size_t n_inputs = self.inputs().size();
  if (view.columns() != n_inputs) {
    throw InvalidArgument("inputs has " + std::to_string(view.columns()) + " columns, the model reads " +
                          std::to_string(n_inputs));
  }
  py::array_t<double> responses({view.rows(), self.output_count()});
  double* out = responses.mutable_data();
  std::vector<double> event(n_inputs);
  for_row_slices(view.rows(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t j = 0; j < n_inputs; ++j) event[j] = view(i, j);
      if (self.implementation()->folds != nullptr && self.implementation()->fold_of_inputs(event.data()) < 0) {
        throw InvalidArgument("the key of event " + std::to_string(i) + " has no fold");
      }
      self.evaluate_inputs(event.data(), out + i * self.output_count());
    }
  });
  return responses;
}

Model from_bytes(const py::bytes& content) {
  char* data = nullptr;
  py::ssize_t size = 0;
  if (PyBytes_AsStringAndSize(content.ptr(), &data, &size) != 0) throw py::error_already_set();
  const py::gil_scoped_release release;  // the caller's reference keeps the bytes alive
  return Model::from_bytes(data, static_cast<std::size_t>(size));
}

template <std::string (*write)(const Model&)>
void save_as(const Model& self, const std::string& path) {
  const std::string content = write(self);
  write_file(path, reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
}

py::bytes to_bytes(const Model& self) {
  std::vector<std::uint8_t> content;
  {
    const py::gil_scoped_release release;
    content = self.bytes();
  }
  return py::bytes(reinterpret_cast<const char*>(content.data()), content.size());
}

}  // namespace

void register_model(py::module_& module) {
  py::class_<Model>(module, "Model", "A trained method with everything that is needed to apply it; immutable.")
      .def(py::init([](const py::dict& info, std::optional<std::shared_ptr<statistics::TransformationChain>> chain,
                       std::shared_ptr<Predictor> predictor) {
             return model::make_model(to_info(info), chain.value_or(nullptr), std::move(predictor));
           }),
           py::arg("info"), py::arg("chain"), py::arg("predictor"))
      .def(
          "with_response_densities",
          [](const Model& self, std::shared_ptr<statistics::ResponseDensities> densities) {
            const Model::Implementation& parts = *self.implementation();
            return model::make_model(parts.info, parts.chain, parts.predictor, std::move(densities));
          },
          py::arg("densities"), "The same model with densities of its response; None: without.")
      .def_property_readonly(
          "response_densities",
          [](const Model& self) {
            return std::const_pointer_cast<statistics::ResponseDensities>(self.implementation()->densities);
          },
          "The densities of the response; None without any.")
      .def_static(
          "of_categories",
          [](const py::dict& info, const std::vector<std::string>& cuts, const std::vector<Model>& models) {
            if (cuts.size() != models.size()) throw InvalidArgument("cuts and models must have the same length");
            ModelInfo whole = to_info(info);
            std::vector<model::CategoriesPredictor::Category> categories;
            for (std::size_t i = 0; i < cuts.size(); ++i) categories.push_back({cuts[i], models[i]});
            auto predictor =
                model::CategoriesPredictor::make(whole.variables, whole.spectators, std::move(categories));
            return model::make_model(std::move(whole), nullptr, std::move(predictor));
          },
          py::arg("info"), py::arg("cuts"), py::arg("models"), "A model of categories, each with a model of its own.")
      .def_property_readonly("info", [](const Model& self) { return from_info(self.info()); })
      .def_property_readonly("variable_count", &Model::variable_count)
      .def_property_readonly("output_count", &Model::output_count)
      .def_property_readonly("memory_bytes", &Model::memory_bytes)
      .def_property_readonly(
          "predictor",
          [](const Model& self) { return std::const_pointer_cast<Predictor>(self.implementation()->predictor); })
      .def_property_readonly("chain",
                             [](const Model& self) -> py::object {
                               const auto& chain = self.implementation()->chain;
                               if (chain == nullptr) return py::none();
                               return py::cast(std::const_pointer_cast<statistics::TransformationChain>(chain));
                             })
      .def_property_readonly(
          "own_transformations",
          [](const Model& self) -> py::object {
            const auto chain = self.implementation()->predictor->own_transformations();
            if (chain == nullptr) return py::none();
            return py::cast(std::const_pointer_cast<statistics::TransformationChain>(chain));
          },
          "The transformations that the predictor applies itself, by class; None without any.")
      .def("at_signal_efficiency", &Model::at_signal_efficiency, py::arg("signal_efficiency"),
           "Cuts: the same model with responses 1 (passes) and 0 at a signal efficiency.")
      .def("bind", &Model::bind, py::arg("names"), "Positions of the model's variables in names.")
      .def("evaluate", &evaluate, py::arg("events"), py::arg("threads") = 1,
           "Responses, float64 of shape (events, outputs), of float32 or float64 events before transformation.")
      .def("evaluate_columns", &evaluate_columns, py::arg("columns"), py::arg("threads") = 1,
           "The same from one vector per variable, all float32 or all float64 and of one stride.")
      .def_property_readonly("key_columns", &Model::key_columns,
                             "Columns of the key that chooses the fold of a k-fold model; empty for others.")
      .def("evaluate_with_key", &evaluate_with_key, py::arg("events"), py::arg("key"), py::arg("threads") = 1,
           "The same for a k-fold model; key is float64 of shape (events, key columns).")
      .def_property_readonly("inputs", &Model::inputs)
      .def("evaluate_inputs", &evaluate_inputs, py::arg("inputs"),
           "Responses, float64 of shape (events, outputs), of float64 input columns of shape (events, inputs).")
      .def("to_bytes", &to_bytes)
      .def("to_tmva_xml", &model::write_tmva_xml, "The text of a TMVA weight file.")
      .def("save_tmva_xml", &save_as<&model::write_tmva_xml>, py::arg("path"), py::call_guard<py::gil_scoped_release>())
      .def("to_xgboost_json", &model::write_xgboost, "The text of a model of XGBoost.",
           py::call_guard<py::gil_scoped_release>())
      .def("save_xgboost_json", &save_as<&model::write_xgboost>, py::arg("path"),
           py::call_guard<py::gil_scoped_release>())
      .def(
          "to_onnx", [](const Model& self) { return py::bytes(model::write_onnx(self)); }, "The bytes of an ONNX file.")
      .def("save_onnx", &save_as<&model::write_onnx>, py::arg("path"), py::call_guard<py::gil_scoped_release>())
      .def("to_header", &model::write_header, py::arg("name"), "The text of a C++ header that evaluates a dense network.")
      .def(
          "save_header",
          [](const Model& self, const std::string& path, const std::string& name) {
            const std::string content = model::write_header(self, name);
            write_file(path, reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
          },
          py::arg("path"), py::arg("name"), py::call_guard<py::gil_scoped_release>())
      .def("save", &Model::save, py::arg("path"), py::call_guard<py::gil_scoped_release>());
  module.def("load_model", &Model::load, py::arg("path"), py::call_guard<py::gil_scoped_release>());
  module.def("model_from_bytes", &from_bytes, py::arg("content"));
}

}  // namespace diskern::python
