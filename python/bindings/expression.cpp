// Expressions on dictionaries of NumPy columns.
#include "expression/expression.hpp"

#include <cstring>
#include <optional>
#include <vector>

#include "base/near_miss.hpp"
#include "common.hpp"

namespace diskern::python {

namespace {

using expression::Column;
using expression::Expression;
using expression::Input;
using expression::Kind;
using expression::Program;
using expression::Storage;

struct Columns {
  std::vector<py::array> arrays;  // keep the memory alive
  std::vector<Column> columns;
  std::vector<Kind> kinds;
  std::size_t events = 0;
};

std::vector<std::string> names_of(const py::dict& columns) {
  std::vector<std::string> names;
  for (const auto& item : columns) {
    if (py::isinstance<py::str>(item.first)) names.push_back(item.first.cast<std::string>());
  }
  return names;
}

std::string shape_of(const py::array& array) { return std::string(py::str(array.attr("shape"))); }

// A native array of booleans, integers or floats; anything else is an error that names the column.
py::array to_array(const py::handle& object, const std::string& name) {
  const py::module_ numpy = py::module_::import("numpy");
  if (py::isinstance(object, numpy.attr("ma").attr("MaskedArray")) &&
      py::cast<bool>(numpy.attr("ma").attr("getmaskarray")(object).attr("any")())) {
    throw InvalidArgument("column '" + name + "' has masked values; fill or drop them first");
  }
  py::array array;
  try {
    array = numpy.attr("asarray")(object);
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_Exception)) throw;
    throw InvalidArgument("column '" + name +
                          "' is no array of numbers (is it jagged?): " + std::string(py::str(error.value())));
  }
  const char kind = array.dtype().kind();
  if (kind == 'O') {
    throw InvalidArgument("column '" + name +
                          "' holds Python objects (jagged, or mixed types); expected booleans, integers or floats");
  }
  if (kind != 'b' && kind != 'i' && kind != 'u' && kind != 'f') {
    throw InvalidArgument("column '" + name + "' has dtype " + std::string(py::str(array.dtype())) +
                          ", expected booleans, integers or floats");
  }
  if (array.ndim() == 0)
    throw InvalidArgument("column '" + name + "' is a single number, expected one value per event");
  if (kind == 'f' && array.itemsize() != 4 && array.itemsize() != 8) array = array.attr("astype")("float64");
  if (!py::cast<bool>(array.dtype().attr("isnative"))) {
    array = array.attr("astype")(array.dtype().attr("newbyteorder")("="));
  }
  return array;
}

Storage storage_of(const py::array& array) {
  const auto size = array.itemsize();
  switch (array.dtype().kind()) {
    case 'b':
      return Storage::boolean;
    case 'i':
      return size == 1 ? Storage::int8 : size == 2 ? Storage::int16 : size == 4 ? Storage::int32 : Storage::int64;
    case 'u':
      return size == 1 ? Storage::uint8 : size == 2 ? Storage::uint16 : size == 4 ? Storage::uint32 : Storage::uint64;
    default:
      return size == 4 ? Storage::float32 : Storage::float64;
  }
}

Columns collect(const Expression& self, const py::dict& given, std::optional<std::size_t> events) {
  Columns result;
  for (const std::string& name : self.bare_constants()) {
    if (given.contains(name)) {
      throw InvalidArgument(
          "expression '" + self.text() + "': there is a column '" + name + "', and '" + name +
          "' is a constant as well; write TMath::Pi() or np.pi for the constant, or rename the column");
    }
  }
  std::string first_name;
  bool first = true;
  const auto check_length = [&](std::size_t length, const std::string& name) {
    if (first && events && *events != length) {
      throw InvalidArgument("column '" + name + "' has " + std::to_string(length) + " events, expected " +
                            std::to_string(*events));
    }
    if (!first && length != result.events) {
      throw InvalidArgument("column '" + name + "' has " + std::to_string(length) + " events, column '" + first_name +
                            "' has " + std::to_string(result.events));
    }
    if (first) first_name = name;
    first = false;
    result.events = length;
  };
  for (const Input& input : self.inputs()) {
    const bool whole = given.contains(input.text);  // a column may be named "x[0]"
    const std::string& key = whole ? input.text : input.name;
    if (!given.contains(key)) {
      std::string message =
          "expression '" + self.text() + "': there is no column '" + key + "'" + did_you_mean(key, names_of(given));
      if (key == "e") message += " (for Euler's number write TMath::E(), np.e or exp(1))";
      throw InvalidArgument(message);
    }
    py::array array = to_array(given[py::str(key)], key);
    const std::size_t indices = whole ? 0 : input.indices.size();
    const auto dimensions = static_cast<std::size_t>(array.ndim()) - 1;
    if (dimensions != indices) {
      throw InvalidArgument("column '" + key + "' has shape " + shape_of(array) + ", so " +
                            (dimensions == 0 ? "it has no elements to index: '" + input.text + "'"
                                             : "each event needs " + std::to_string(dimensions) + " indices, like '" +
                                                   key + "[0]', got '" + input.text + "'"));
    }
    std::ptrdiff_t offset = 0;
    for (std::size_t i = 0; i < indices; ++i) {
      const auto axis = static_cast<py::ssize_t>(i + 1);
      if (input.indices[i] >= static_cast<std::size_t>(array.shape(axis))) {
        throw InvalidArgument("'" + input.text + "' is out of range, column '" + key + "' has shape " +
                              shape_of(array));
      }
      offset += static_cast<std::ptrdiff_t>(input.indices[i]) * array.strides(axis);
    }
    check_length(static_cast<std::size_t>(array.shape(0)), key);
    Column column;
    column.data = static_cast<const char*>(array.data()) + offset;
    column.stride = array.strides(0);
    column.storage = storage_of(array);
    result.columns.push_back(column);
    result.kinds.push_back(expression::kind_of(column.storage));
    result.arrays.push_back(std::move(array));
  }
  if (self.inputs().empty()) {
    if (events) {
      result.events = *events;
    } else if (given.empty()) {
      throw InvalidArgument("expression '" + self.text() + "' reads no column, so the number of events must be given");
    } else {
      result.events = py::len(given.begin()->second);
    }
  }
  return result;
}

py::array_t<double> evaluate(const Expression& self, const py::dict& given, std::optional<std::size_t> events) {
  const Columns columns = collect(self, given, events);
  const Program program = self.compile(columns.kinds);
  py::array_t<double> values(static_cast<py::ssize_t>(columns.events));
  double* out = values.mutable_data();
  for_row_slices(columns.events, [&](std::size_t begin, std::size_t end) {
    program.evaluate(columns.columns.data(), begin, end, out + begin);
  });
  return values;
}

py::array_t<bool> evaluate_cut(const Expression& self, const py::dict& given, std::optional<std::size_t> events) {
  const Columns columns = collect(self, given, events);
  const Program program = self.compile(columns.kinds);
  py::array_t<bool> passed(static_cast<py::ssize_t>(columns.events));
  bool* out = passed.mutable_data();
  for_row_slices(columns.events, [&](std::size_t begin, std::size_t end) {
    std::vector<double> values(end - begin);
    program.evaluate(columns.columns.data(), begin, end, values.data());
    for (std::size_t i = begin; i < end; ++i) out[i] = Expression::passes(values[i - begin]);
  });
  return passed;
}

// bool, int64 or float64, whatever the expression is; int64 overflow makes the whole result float64.
py::array evaluate_exact(const Expression& self, const py::dict& given, std::optional<std::size_t> events) {
  const Columns columns = collect(self, given, events);
  const Program program = self.compile(columns.kinds);
  if (program.result() == Kind::boolean) return evaluate_cut(self, given, events);
  if (program.result() == Kind::integer) {
    py::array_t<std::int64_t> values(static_cast<py::ssize_t>(columns.events));
    std::int64_t* out = values.mutable_data();
    bool exact = true;
    for_row_slices(columns.events, [&](std::size_t begin, std::size_t end) {
      if (!program.evaluate_integers(columns.columns.data(), begin, end, out + begin)) exact = false;
    });
    if (exact) return values;
  }
  return evaluate(self, given, events);
}

double evaluate_event(const Expression& self, const py::dict& given, std::size_t event) {
  const Columns columns = collect(self, given, std::nullopt);
  if (event >= columns.events) {
    throw InvalidArgument("event " + std::to_string(event) + " does not exist, there are " +
                          std::to_string(columns.events));
  }
  return self.compile(columns.kinds).evaluate(columns.columns.data(), event);
}

double evaluate_values_of_event(const Expression& self, const std::vector<double>& values) {
  if (values.size() != self.inputs().size()) {
    throw InvalidArgument("values has " + std::to_string(values.size()) + " entries, the expression reads " +
                          std::to_string(self.inputs().size()));
  }
  return self.evaluate(values.data());
}

}  // namespace

void register_expression(py::module_& module) {
  py::class_<Expression>(module, "Expression", "A parsed expression of columns.")
      .def(py::init([](const std::string& text) { return Expression::parse(text); }), py::arg("text"))
      .def_property_readonly("text", &Expression::text)
      .def_property_readonly("variables", &Expression::variables, "Names of the columns that are read, in order.")
      .def_property_readonly("inputs",
                             [](const Expression& self) {
                               std::vector<std::string> texts;
                               for (const Input& input : self.inputs()) texts.push_back(input.text);
                               return texts;
                             })
      .def("evaluate", &evaluate, py::arg("columns"), py::arg("events") = py::none(), "float64 values, one per event.")
      .def("evaluate_cut", &evaluate_cut, py::arg("columns"), py::arg("events") = py::none(),
           "Which events have a value >= 0.5; NaN has not.")
      .def("evaluate_exact", &evaluate_exact, py::arg("columns"), py::arg("events") = py::none(),
           "bool, int64 or float64 values, as the expression is typed.")
      .def("evaluate_event", &evaluate_event, py::arg("columns"), py::arg("event"),
           "One event by the single-event evaluator.")
      .def("evaluate_values", &evaluate_values_of_event, py::arg("values"),
           "One event from float64 values of inputs, as a C++ caller has them.")
      .def(py::pickle([](const Expression& self) { return self.text(); },
                      [](const std::string& text) { return Expression::parse(text); }));
  module.def(
      "split_label", [](const std::string& text) { return expression::split_label(text); }, py::arg("text"),
      "Splits 'label := expression'; without a label both are the expression.");
}

}  // namespace diskern::python
