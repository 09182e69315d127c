// The text that LightGBM's save_model writes, versions v2 (LightGBM 2.1) to v4.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/serialization.hpp"
#include "diskern/error.hpp"
#include "model/foreign.hpp"
#include "model/implementation.hpp"
#include "model/xml.hpp"

namespace diskern::model {

namespace {

using trees::Forest;
using trees::Link;
using trees::Tree;

// Values up to this size are zero for LightGBM: it is the float 1e-35.
constexpr double zero_size = static_cast<double>(1e-35F);
constexpr std::size_t maximum_text = std::size_t{1} << 31;

// Lines "key=value" between two empty lines, or up to a mark.
class Block {
 public:
  explicit Block(std::string name) : name_(std::move(name)) {}

  void add(std::string_view key, std::string_view value, std::size_t line) {
    if (!entries_.emplace(std::string(key), Entry{value, line}).second) {
      throw FormatError("line " + std::to_string(line) + ": " + std::string(key) + " comes twice in " + name_);
    }
  }

  bool has(const std::string& key) const { return entries_.count(key) != 0; }
  std::string_view text(const std::string& key) const { return entry(key).value; }

  std::vector<double> numbers(const std::string& key, std::size_t expected) const {
    const std::vector<std::string_view> written = words(key);
    if (written.size() != expected) {
      fail(key, "has " + std::to_string(written.size()) + " numbers, expected " + std::to_string(expected));
    }
    std::vector<double> values;
    values.reserve(expected);
    for (const std::string_view word : written) {
      const auto number = xml::to_number(word);
      if (!number) fail(key, "holds '" + std::string(word.substr(0, 40)) + "', which is no number");
      values.push_back(*number);
    }
    return values;
  }
  std::vector<std::int64_t> integers(const std::string& key, std::size_t expected, std::int64_t minimum,
                                     std::int64_t maximum) const {
    std::vector<std::int64_t> values;
    for (const double number : numbers(key, expected)) {
      if (!(number >= static_cast<double>(minimum) && number <= static_cast<double>(maximum)) ||
          number != std::floor(number)) {
        fail(key, "holds " + xml::to_text(number) + ", expected a whole number from " + std::to_string(minimum) +
                      " to " + std::to_string(maximum));
      }
      values.push_back(static_cast<std::int64_t>(number));
    }
    return values;
  }
  std::int64_t integer(const std::string& key, std::int64_t minimum, std::int64_t maximum) const {
    return integers(key, 1, minimum, maximum)[0];
  }

  std::vector<std::string_view> words(const std::string& key) const {
    std::vector<std::string_view> result;
    const std::string_view value = text(key);
    for (std::size_t begin = 0; begin < value.size();) {
      const std::size_t end = std::min(value.find(' ', begin), value.size());
      if (end > begin) result.push_back(value.substr(begin, end - begin));
      begin = end + 1;
    }
    return result;
  }

  [[noreturn]] void fail(const std::string& key, const std::string& what) const {
    throw FormatError("line " + std::to_string(entry(key).line) + ": " + key + " of " + name_ + " " + what);
  }

 private:
  struct Entry {
    std::string_view value;
    std::size_t line;
  };
  std::string name_;
  std::map<std::string, Entry> entries_;

  const Entry& entry(const std::string& key) const {
    const auto found = entries_.find(key);
    if (found == entries_.end()) throw FormatError(name_ + " has no " + key);
    return found->second;
  }
};

struct File {
  Block header{"the header"};
  std::vector<Block> trees;
  std::vector<std::pair<std::string, std::string>> parameters;
};

File divide(std::string_view text) {
  File file;
  std::size_t line = 0;
  bool parameters = false;
  bool done = false;
  Block* block = &file.header;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view row = text.substr(begin, end - begin);
    if (!row.empty() && row.back() == '\r') row.remove_suffix(1);
    begin = end + 1;
    ++line;
    if (line == 1 || row.empty()) continue;  // "tree"
    if (row == "end of trees") {
      done = true;
    } else if (done) {
      if (row == "parameters:") {
        parameters = true;
      } else if (row == "end of parameters") {
        parameters = false;
      } else if (parameters && row.front() == '[' && row.back() == ']') {
        const std::size_t colon = std::min(row.find(": "), row.size() - 1);
        file.parameters.emplace_back(
            row.substr(1, colon - 1),
            row.substr(std::min(colon + 2, row.size() - 1), row.size() - 1 - std::min(colon + 2, row.size() - 1)));
      }
    } else {
      const std::size_t equal = row.find('=');
      const std::string_view key = row.substr(0, equal);
      const std::string_view value = equal == std::string_view::npos ? std::string_view() : row.substr(equal + 1);
      if (key == "Tree") {
        const std::string name = "tree " + std::to_string(file.trees.size());
        if (value != std::to_string(file.trees.size())) {
          throw FormatError("line " + std::to_string(line) + ": " + name + " is expected, not '" +
                            std::string(row.substr(0, 40)) + "'");
        }
        file.trees.emplace_back(name);
        block = &file.trees.back();
      } else {
        block->add(key, value, line);
      }
    }
  }
  if (!done) throw FormatError("the text ends before 'end of trees'");
  return file;
}

// Bits of decision_type.
constexpr std::int64_t categorical = 1;
constexpr std::int64_t default_left = 2;
enum class Missing : std::uint8_t { none = 0, zero = 1, nan = 2 };

// A numerical split: small values are taken as zero, which may go another way than its neighbours.
void numerical_split(double threshold, Missing missing, bool to_left, std::int32_t node, foreign::SourceTree& source) {
  const bool zero_left = missing == Missing::zero ? to_left : threshold >= 0;
  const double up = std::numeric_limits<double>::infinity();
  std::vector<double> points{-zero_size, std::nextafter(zero_size, up), std::nextafter(threshold, up)};
  std::sort(points.begin(), points.end());
  foreign::Cuts cuts;
  bool left = true;  // smaller values than any threshold
  for (const double point : points) {
    const bool is_zero = point >= -zero_size && point <= zero_size;
    const bool now = is_zero ? zero_left : point <= threshold;
    if (now == left) continue;
    cuts.values.push_back(point);
    left = now;
  }
  const auto i = static_cast<std::size_t>(node);
  source.tree.missing_right[i] = (missing == Missing::none ? zero_left : to_left) ? 0 : 1;
  if (cuts.values.size() == 1) {
    source.tree.threshold[i] = cuts.values[0];
  } else {
    source.several.emplace(node, std::move(cuts));
  }
}

// Events of the chosen categories go left, all others right. A value belongs to the category of its whole part, -0.5 to
// that of 0.
class CategoricalSplits {
 public:
  void read(const Block& block) {
    const auto n = static_cast<std::size_t>(block.integer("num_cat", 1, 1 << 24));
    const std::size_t n_words = block.words("cat_threshold").size();
    boundaries_ = block.integers("cat_boundaries", n + 1, 0, static_cast<std::int64_t>(n_words));
    words_ = block.integers("cat_threshold", n_words, 0, std::numeric_limits<std::uint32_t>::max());
    if (!std::is_sorted(boundaries_.begin(), boundaries_.end())) block.fail("cat_boundaries", "is not ascending");
    used_.assign(n, 0);
  }

  void add(const Block& block, double threshold, std::int32_t node, foreign::SourceTree& source) {
    if (used_.empty()) read(block);
    if (!(threshold >= 0) || threshold >= static_cast<double>(used_.size()) || threshold != std::floor(threshold)) {
      block.fail("threshold",
                 "names the categories " + xml::to_text(threshold) + " of " + std::to_string(used_.size()));
    }
    const auto index = static_cast<std::size_t>(threshold);
    if (used_[index]++ != 0) block.fail("threshold", "names the categories " + std::to_string(index) + " twice");
    const std::int64_t begin = boundaries_[index];
    const std::int64_t end = boundaries_[index + 1];
    foreign::Cuts cuts;
    cuts.starts_right = true;
    bool chosen = false;
    for (std::int64_t bit = 0; bit <= 32 * (end - begin); ++bit) {
      const bool now =
          bit < 32 * (end - begin) && (words_[static_cast<std::size_t>(begin + bit / 32)] >> (bit % 32) & 1) != 0;
      if (now != chosen) cuts.values.push_back(bit == 0 ? std::nextafter(-1.0, 0.0) : static_cast<double>(bit));
      chosen = now;
    }
    source.tree.missing_right[static_cast<std::size_t>(node)] = 1;
    source.several.emplace(node, std::move(cuts));
  }

 private:
  std::vector<std::int64_t> boundaries_;  // of the words of each set
  std::vector<std::int64_t> words_;       // 32 categories each
  std::vector<std::uint8_t> used_;        // each set belongs to one node
};

// Inner node i keeps its number, leaf j becomes node num_leaves - 1 + j.
Tree read_tree(const Block& block, std::size_t number, std::size_t n_features, foreign::NodeBudget& budget) {
  if (block.has("is_linear") && block.integer("is_linear", 0, 1) != 0) {
    block.fail("is_linear", "is 1: trees with linear models in their leaves are not read");
  }
  const auto n_leaves = static_cast<std::size_t>(block.integer("num_leaves", 1, 1 << 30));
  const std::size_t n_inner = n_leaves - 1;
  const std::vector<double> leaves = block.numbers("leaf_value", n_leaves);
  if (n_inner == 0) return foreign::leaf_tree(leaves[0]);
  const auto feature = block.integers("split_feature", n_inner, 0, static_cast<std::int64_t>(n_features) - 1);
  const auto threshold = block.numbers("threshold", n_inner);
  const auto decision = block.integers("decision_type", n_inner, 0, 15);
  const auto last = static_cast<std::int64_t>(n_inner) - 1;
  const auto left = block.integers("left_child", n_inner, -static_cast<std::int64_t>(n_leaves), last);
  const auto right = block.integers("right_child", n_inner, -static_cast<std::int64_t>(n_leaves), last);
  const auto node_of = [&](std::int64_t child) {
    return static_cast<std::int32_t>(child >= 0 ? child : static_cast<std::int64_t>(n_inner) - 1 - child);
  };

  foreign::SourceTree source;
  CategoricalSplits categories;
  Tree& tree = source.tree;
  const std::size_t n = n_inner + n_leaves;
  tree.feature.assign(n, trees::leaf_feature);
  tree.threshold.assign(n, 0.0);
  tree.left.assign(n, -1);
  tree.right.assign(n, -1);
  tree.missing_right.assign(n, 0);
  tree.value.assign(n, 0.0);
  std::copy(leaves.begin(), leaves.end(), tree.value.begin() + static_cast<std::ptrdiff_t>(n_inner));
  if (block.has("internal_value")) {
    const std::vector<double> values = block.numbers("internal_value", n_inner);
    std::copy(values.begin(), values.end(), tree.value.begin());
  }
  if (block.has("internal_count") && block.has("leaf_count")) {
    tree.weight = block.numbers("internal_count", n_inner);
    const std::vector<double> counts = block.numbers("leaf_count", n_leaves);
    tree.weight.insert(tree.weight.end(), counts.begin(), counts.end());
  }
  if (block.has("split_gain")) {
    tree.gain = block.numbers("split_gain", n_inner);
    tree.gain.resize(n, 0.0);
  }
  for (std::size_t i = 0; i < n_inner; ++i) {
    const auto node = static_cast<std::int32_t>(i);
    tree.feature[i] = static_cast<std::int32_t>(feature[i]);
    tree.left[i] = node_of(left[i]);
    tree.right[i] = node_of(right[i]);
    if (!std::isfinite(threshold[i])) block.fail("threshold", "holds a number that is not finite");
    if ((decision[i] & categorical) != 0) {
      categories.add(block, threshold[i], node, source);
      continue;
    }
    if (decision[i] >> 2 > 2) block.fail("decision_type", "holds " + std::to_string(decision[i]));
    numerical_split(threshold[i], static_cast<Missing>(decision[i] >> 2), (decision[i] & default_left) != 0, node,
                    source);
  }
  return foreign::assemble(std::move(source), number, 0, budget).tree;
}

struct Objective {
  const char* name;
  AnalysisType analysis_type;
  Link link;
};
constexpr Objective objectives[] = {
    {"binary", AnalysisType::classification, Link::logistic},
    {"cross_entropy", AnalysisType::classification, Link::logistic},
    {"xentropy", AnalysisType::classification, Link::logistic},
    {"multiclass", AnalysisType::multiclass, Link::softmax},
    {"multiclassova", AnalysisType::multiclass, Link::logistic},
    {"regression", AnalysisType::regression, Link::identity},
    {"regression_l1", AnalysisType::regression, Link::identity},
    {"huber", AnalysisType::regression, Link::identity},
    {"fair", AnalysisType::regression, Link::identity},
    {"quantile", AnalysisType::regression, Link::identity},
    {"mape", AnalysisType::regression, Link::identity},
    {"poisson", AnalysisType::regression, Link::exponential},
    {"gamma", AnalysisType::regression, Link::exponential},
    {"tweedie", AnalysisType::regression, Link::exponential},
    {"lambdarank", AnalysisType::regression, Link::identity},
    {"rank_xendcg", AnalysisType::regression, Link::identity},
};

struct Response {
  AnalysisType analysis_type = AnalysisType::regression;
  Link link = Link::identity;
  double factor = 1.0;  // of the sum, before the link
  std::string objective = "custom";
};

Response read_objective(const Block& header, std::int64_t n_outputs) {
  Response response;
  if (!header.has("objective")) {  // a function of the user's: the raw scores
    if (n_outputs > 1) response.analysis_type = AnalysisType::multiclass;
    return response;
  }
  const std::vector<std::string_view> words = header.words("objective");
  const Objective* found = nullptr;
  std::string known;
  for (const Objective& one : objectives) {
    if (!words.empty() && words[0] == one.name) found = &one;
    known += (known.empty() ? "" : ", ") + std::string(one.name);
  }
  if (found == nullptr) {
    header.fail("objective", "is '" + std::string(header.text("objective").substr(0, 60)) +
                                 "', whose response is not read; those of " + known + " are");
  }
  response.analysis_type = found->analysis_type;
  response.link = found->link;
  response.objective = std::string(header.text("objective"));
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "sqrt") header.fail("objective", "takes the square root of the targets, which is not read");
    if (words[i].substr(0, 8) != "sigmoid:") continue;
    const auto sigmoid = xml::to_number(words[i].substr(8));
    if (!sigmoid || !(*sigmoid > 0) || !std::isfinite(*sigmoid)) {
      header.fail("objective", "has '" + std::string(words[i].substr(0, 40)) + "', expected a positive number");
    }
    if (found->link == Link::logistic) response.factor = *sigmoid;
  }
  if ((response.analysis_type == AnalysisType::multiclass) != (n_outputs > 1)) {
    header.fail("objective", "does not fit num_tree_per_iteration " + std::to_string(n_outputs));
  }
  return response;
}

std::vector<VariableInfo> read_variables(const Block& header, std::size_t n_features) {
  std::vector<std::string> names;
  for (const std::string_view name : header.words("feature_names")) names.emplace_back(name);
  if (names.size() != n_features) {
    header.fail("feature_names",
                "has " + std::to_string(names.size()) + " names, max_feature_idx is " + std::to_string(n_features - 1));
  }
  std::vector<VariableInfo> variables = foreign::to_variables(names);
  if (!header.has("feature_infos")) return variables;
  const std::vector<std::string_view> infos = header.words("feature_infos");
  for (std::size_t j = 0; j < std::min(infos.size(), n_features); ++j) {  // [lowest:highest], else categories or none
    const std::size_t colon = infos[j].find(':');
    if (infos[j].front() != '[' || infos[j].back() != ']' || colon == std::string_view::npos) continue;
    const auto low = xml::to_number(infos[j].substr(1, colon - 1));
    const auto high = xml::to_number(infos[j].substr(colon + 1, infos[j].size() - colon - 2));
    if (!low || !high || std::isnan(*low) || std::isnan(*high)) continue;
    variables[j].minimum = *low;
    variables[j].maximum = *high;
  }
  return variables;
}

Model read(const File& file) {
  const Block& header = file.header;
  const std::string version(header.has("version") ? header.text("version") : "(none)");
  if (version != "v2" && version != "v3" && version != "v4") {
    throw FormatError("version " + version.substr(0, 20) + " of the format is not read; v2, v3 and v4 are");
  }
  const auto n_features = static_cast<std::size_t>(
      header.integer("max_feature_idx", 0, static_cast<std::int64_t>(maximum_variables) - 1) + 1);
  const std::int64_t n_outputs =
      header.integer("num_tree_per_iteration", 1, static_cast<std::int64_t>(maximum_outputs));
  const Response response = read_objective(header, n_outputs);
  const bool averaged = header.has("average_output");

  Forest forest;
  forest.n_features = static_cast<std::int32_t>(n_features);
  forest.n_outputs = static_cast<std::int32_t>(n_outputs);
  forest.base_score.assign(static_cast<std::size_t>(n_outputs), 0.0);
  forest.link = response.link;
  forest.aggregation = averaged ? trees::Aggregation::weighted_mean : trees::Aggregation::sum;
  foreign::NodeBudget budget;
  for (std::size_t t = 0; t < file.trees.size(); ++t) {
    forest.trees.push_back(read_tree(file.trees[t], t, n_features, budget));
    forest.tree_weight.push_back(averaged ? 1.0 : response.factor);
    if (!averaged) continue;
    for (double& value : forest.trees.back().value) value *= response.factor;
  }

  ModelInfo info;
  info.method = "BDT";
  info.title = "LightGBM";
  info.analysis_type = response.analysis_type;
  info.variables = read_variables(header, n_features);
  if (info.analysis_type == AnalysisType::classification) {
    info.classes = {"0", "1"};
    info.signal_class = 1;
  }
  for (std::int64_t k = 0; info.analysis_type == AnalysisType::multiclass && k < n_outputs; ++k) {
    info.classes.push_back(std::to_string(k));
  }
  info.options = file.parameters;
  const bool named = std::any_of(info.options.begin(), info.options.end(),
                                 [](const auto& option) { return option.first == "objective"; });
  if (!named) info.options.insert(info.options.begin(), {"objective", response.objective});
  info.provenance = {{"format", "LightGBM text"}, {"LightGBM format version", version}};
  return make_model(std::move(info), nullptr, std::make_shared<const trees::ForestPredictor>(std::move(forest)));
}

}  // namespace

Model read_lightgbm(const std::string& text) {
  try {
    if (text.size() > maximum_text) throw FormatError("a text of more than 2147483648 bytes");
    if (!archive::valid_utf8(text) || text.find('\0') != std::string::npos) {
      throw FormatError("the text is not UTF-8");
    }
    return read(divide(text));
  } catch (const Error& error) {
    throw FormatError(std::string("LightGBM text, ") + error.what());
  }
}

}  // namespace diskern::model
