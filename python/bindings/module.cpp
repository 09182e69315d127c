// The list of what the extension offers; each family registers itself in a file of its own.
#include <pybind11/pybind11.h>

// Declared here alone: a new family must not recompile all others.
namespace diskern::python {

namespace py = pybind11;

void register_base(py::module_& module);
void register_expression(py::module_& module);
void register_statistics(py::module_& module);
void register_transformation(py::module_& module);
void register_trees(py::module_& module);
void register_network(py::module_& module);
void register_graph(py::module_& module);
void register_graph_stream(py::module_& module);
void register_adversarial(py::module_& module);
void register_gradient_boosting(py::module_& module);
void register_random_forest(py::module_& module);
void register_inspection(py::module_& module);
void register_model(py::module_& module);
void register_folds(py::module_& module);
void register_uniformity(py::module_& module);
void register_neighbours(py::module_& module);
void register_clustering(py::module_& module);
void register_kmeans(py::module_& module);
void register_gaussian_mixture(py::module_& module);
void register_classical(py::module_& module);
void register_response_densities(py::module_& module);
void register_composite(py::module_& module);
void register_principal_components(py::module_& module);
void register_fitter(py::module_& module);
void register_committee(py::module_& module);
void register_rule_fit(py::module_& module);
void register_generalised_linear(py::module_& module);
void register_device(py::module_& module);

}  // namespace diskern::python

PYBIND11_MODULE(_core, module) {
  using namespace diskern::python;
  module.doc() = "Kernels of diskern. Private: use the classes of the package.";
  module.attr("__version__") = DISKERN_VERSION;
  register_base(module);
  register_expression(module);
  register_statistics(module);
  register_transformation(module);
  register_trees(module);
  register_gradient_boosting(module);
  register_random_forest(module);
  register_inspection(module);
  register_network(module);
  register_graph(module);
  register_graph_stream(module);
  register_adversarial(module);
  register_folds(module);
  register_uniformity(module);
  register_classical(module);
  register_response_densities(module);
  register_model(module);
  register_composite(module);
  register_neighbours(module);
  register_clustering(module);
  register_kmeans(module);
  register_gaussian_mixture(module);
  register_device(module);
  register_principal_components(module);
  register_fitter(module);
  register_committee(module);
  register_rule_fit(module);
  register_generalised_linear(module);
}
