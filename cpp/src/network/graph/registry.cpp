// Which constructor belongs to which kind of layer.
#include "diskern/error.hpp"
#include "network/graph/layers.hpp"

namespace diskern::network::graph {

namespace {

struct Entry {
  const char* kind;
  LayerPointer (*make)(const archive::Group&);
};

constexpr Entry entries[] = {
    {"activation", &make_activation},
    {"add", &make_add},
    {"attention", &make_attention},
    {"batch_normalisation", &make_batch_normalisation},
    {"concatenate", &make_concatenate},
    {"convolution", &make_convolution},
    {"dense", &make_dense},
    {"distance", &make_distance},
    {"distance_correlation", &make_distance_correlation},
    {"divergence", &make_divergence},
    {"dropout", &make_dropout},
    {"embedding", &make_embedding},
    {"gaussian_noise", &make_gaussian_noise},
    {"global_pooling", &make_global_pooling},
    {"gradient_reversal", &make_gradient_reversal},
    {"gru", &make_gru},
    {"layer_normalisation", &make_layer_normalisation},
    {"lstm", &make_lstm},
    {"masking", &make_masking},
    {"multiply", &make_multiply},
    {"permute", &make_permute},
    {"pooling", &make_pooling},
    {"recurrent", &make_recurrent},
    {"reshape", &make_reshape},
    {"sampling", &make_sampling},
    {"scale", &make_scale},
    {"softmax", &make_softmax},
    {"transposed_convolution", &make_transposed_convolution},
    {"upsampling", &make_upsampling},
};

}  // namespace

LayerPointer make_layer(const archive::Group& attributes) {
  const std::string& kind = attributes.text("kind");
  std::string known;
  for (const Entry& entry : entries) {
    if (kind == entry.kind) return entry.make(attributes);
    known += (known.empty() ? "" : ", ") + std::string(entry.kind);
  }
  throw FormatError("network: layer '" + attributes.text("name") + "' is of the unknown kind '" + kind +
                    "', expected one of " + known);
}

std::vector<std::string> layer_kinds() {
  std::vector<std::string> kinds;
  for (const Entry& entry : entries) kinds.emplace_back(entry.kind);
  return kinds;
}

}  // namespace diskern::network::graph
