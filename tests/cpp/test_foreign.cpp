// Models of XGBoost and LightGBM through the public interface; the dialects are tested from Python.
#include <limits>
#include <string>

#include "check.hpp"
#include "diskern/error.hpp"
#include "diskern/model.hpp"
#include "model/foreign.hpp"

using diskern::Model;

namespace {

// x < 0.5 gives 1, else 2; missing values go left; the response is that plus 0.25.
const std::string xgboost_text =
    R"({"learner":{"attributes":{},"gradient_booster":{"name":"gbtree","model":{"gbtree_model_param":{"num_trees":"1"},)"
    R"("tree_info":[0],"trees":[{"default_left":[true,false,false],"left_children":[1,-1,-1],"right_children":[2,-1,-1],)"
    R"("split_conditions":[0.5,1,2],"split_indices":[0,0,0],"tree_param":{"num_nodes":"3"}}]}},)"
    R"("learner_model_param":{"base_score":"2.5E-1","num_feature":"1"},"objective":{"name":"reg:squarederror"}}})";

Model load(const std::string& content) { return Model::from_bytes(content.data(), content.size()); }

double response(const Model& model, float x) {
  double result = 0;
  model.evaluate(&x, &result);
  return result;
}

}  // namespace

TEST(xgboost_json) {
  const Model model = load(xgboost_text);
  CHECK_EQUAL(response(model, 0.5F), 2.25);
  CHECK_EQUAL(response(model, 0.49999997F), 1.25);
  CHECK_EQUAL(response(model, std::numeric_limits<float>::quiet_NaN()), 1.25);
  CHECK_EQUAL(response(model, -std::numeric_limits<float>::infinity()), 1.25);
  const Model again = load(diskern::model::write_xgboost(model));
  CHECK_EQUAL(response(again, 0.5F), 2.25);
  CHECK(!diskern::model::write_onnx(model).empty());
}

TEST(lightgbm_text) {
  const Model model = load(
      "tree\nversion=v4\nnum_tree_per_iteration=1\nmax_feature_idx=0\nobjective=regression\nfeature_names=x\n\nTree=0\n"
      "num_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=0.5\ndecision_type=10\nleft_child=-1\nright_child=-2\n"
      "leaf_value=1 2\n\nend of trees\n");
  CHECK_EQUAL(response(model, 0.5F), 1.0);
  CHECK_EQUAL(response(model, 0.50000006F), 2.0);
}

TEST(errors_name_the_place) {
  std::string text = xgboost_text;
  text.replace(text.find("[1,-1,-1]"), 9, "[7,-1,-1]");
  std::string message;
  try {
    load(text);
  } catch (const diskern::FormatError& error) {
    message = error.what();
  }
  CHECK(message.find("learner.gradient_booster.model.trees[0].left_children[0] is 7") != std::string::npos);
}
