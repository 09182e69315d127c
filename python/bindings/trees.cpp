#include "common.hpp"

namespace diskern::python {

void register_trees(py::module_&) {}

}  // namespace diskern::python
