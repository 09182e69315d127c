#include "common.hpp"

namespace diskern::python {

void register_network(py::module_&) {}

}  // namespace diskern::python
