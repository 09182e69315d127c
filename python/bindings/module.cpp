// The list of what the extension offers; each family registers itself in a file of its own.
#include "common.hpp"

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
  register_folds(module);
  register_uniformity(module);
  register_model(module);
  register_neighbours(module);
  register_clustering(module);
  register_kmeans(module);
  register_classical(module);
  register_principal_components(module);
  register_fitter(module);
}
