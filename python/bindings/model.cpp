#include "common.hpp"

namespace diskern::python {

void register_model(py::module_&) {}

}  // namespace diskern::python
