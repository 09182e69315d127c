#include "common.hpp"

namespace diskern::python {

void register_statistics(py::module_&) {}

}  // namespace diskern::python
