// Category and Boost in TMVA's weight files: methods made of methods.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/boosted.hpp"
#include "model/categories.hpp"
#include "model/implementation.hpp"
#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

namespace {

constexpr const char* transform_names[] = {"step", "linear", "log", "gauss"};

BoostTransform boost_transform(const xml::Element& weights, const Context& context) {
  const std::string name = context.option("Boost_Transform", "step");
  for (std::size_t i = 0; i < 4; ++i) {
    if (name == transform_names[i]) return static_cast<BoostTransform>(i);
  }
  weights.fail("belongs to Boost_Transform=" + name + ", expected step, linear, log or gauss");
}

void refuse(const xml::Element& element, const std::string& type, const char* outer) {
  if (type == "Category" || type == "Boost" || type == "CrossValidation") {
    element.fail("is a " + type + " inside of a " + outer + ", which is not read");
  }
}

// "~H:~!V:~NTrees=3" to options.
Options booked_options(const std::string& text) {
  Options options;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(':', begin), text.size());
    std::string one = text.substr(begin, end - begin);
    begin = end + 1;
    if (!one.empty() && one[0] == '~') one.erase(0, 1);
    if (one.empty()) continue;
    const std::size_t equals = one.find('=');
    if (equals != std::string::npos) {
      options.emplace_back(one.substr(0, equals), one.substr(equals + 1));
    } else if (one[0] == '!') {
      options.emplace_back(one.substr(1), "False");
    } else {
      options.emplace_back(one, "True");
    }
  }
  return options;
}

}  // namespace

PredictorPointer read_categories(const xml::Element& weights, const Context& context) {
  const std::vector<xml::Element> elements = weights.children("SubMethod");
  const auto count = static_cast<std::int64_t>(elements.size());
  weights.integer("NSubMethods", count, count);
  if (elements.empty()) weights.fail("has no categories");
  std::vector<CategoriesPredictor::Category> categories;
  for (const xml::Element& one : elements) {
    const auto index = static_cast<std::int64_t>(categories.size());
    one.integer("Index", index, index);
    const std::string method = one.text("Method");
    refuse(one, method.substr(0, method.find("::")), "Category");
    categories.push_back({one.text("Cut"), read_method(one)});
  }
  return CategoriesPredictor::make(context.info.variables, context.info.spectators, std::move(categories));
}

PredictorPointer read_boosted(const xml::Element& weights, const Context& context) {
  const std::vector<xml::Element> elements = weights.children("Method");
  const auto count = static_cast<std::int64_t>(elements.size());
  weights.integer("NMethods", count, count);
  std::vector<BoostedPredictor::Member> members;
  for (const xml::Element& one : elements) {
    const auto index = static_cast<std::int64_t>(members.size());
    one.integer("Index", index, index);
    const std::string type = one.text("MethodTypeName");
    refuse(one, type, "Boost");
    if (!is_true(one.text_or("UseMainMethodTransformation", "true"))) {
      one.fail("has transformations of its own, which are not read");
    }
    ModelInfo info = context.info;
    info.method = type;
    info.title = one.text_or("MethodName", "");
    info.options = booked_options(one.text_or("Options", ""));
    BoostedPredictor::Member member;
    member.predictor = read_weights(one, type, Context{info, context.root, context.chain});
    member.weight = one.number("Weight");
    member.cut = one.number("MethodSigCut");
    // Very old files have no orientation.
    member.orientation = one.has("MethodSigCutOrientation") ? one.number("MethodSigCutOrientation") : 1.0;
    members.push_back(std::move(member));
  }
  return std::make_shared<const BoostedPredictor>(boost_transform(weights, context), std::move(members));
}

const char* boost_transform_name(BoostTransform transform) noexcept {
  return transform_names[static_cast<std::size_t>(transform)];
}

}  // namespace diskern::model::tmva
