#include "common.hpp"

namespace diskern::python {

void register_expression(py::module_&) {}

}  // namespace diskern::python
