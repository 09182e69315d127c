#pragma once
// The kinds of layers: one file per family.

#include "network/graph/layer.hpp"

namespace diskern::network::graph {

// dense.cpp
LayerPointer make_dense(const archive::Group& attributes);
LayerPointer make_embedding(const archive::Group& attributes);
// convolution_layers.cpp
LayerPointer make_convolution(const archive::Group& attributes);
LayerPointer make_transposed_convolution(const archive::Group& attributes);
// pooling.cpp
LayerPointer make_pooling(const archive::Group& attributes);
LayerPointer make_global_pooling(const archive::Group& attributes);
LayerPointer make_upsampling(const archive::Group& attributes);
// activation.cpp
LayerPointer make_activation(const archive::Group& attributes);
LayerPointer make_softmax(const archive::Group& attributes);
// normalisation.cpp
LayerPointer make_batch_normalisation(const archive::Group& attributes);
LayerPointer make_layer_normalisation(const archive::Group& attributes);
LayerPointer make_scale(const archive::Group& attributes);
// recurrent.cpp
LayerPointer make_recurrent(const archive::Group& attributes);
LayerPointer make_lstm(const archive::Group& attributes);
LayerPointer make_gru(const archive::Group& attributes);
LayerPointer make_masking(const archive::Group& attributes);
// attention.cpp
LayerPointer make_attention(const archive::Group& attributes);
// random.cpp
LayerPointer make_dropout(const archive::Group& attributes);
LayerPointer make_gaussian_noise(const archive::Group& attributes);
LayerPointer make_sampling(const archive::Group& attributes);
// arrangement.cpp
LayerPointer make_reshape(const archive::Group& attributes);
LayerPointer make_permute(const archive::Group& attributes);
LayerPointer make_gradient_reversal(const archive::Group& attributes);
// merge.cpp
LayerPointer make_add(const archive::Group& attributes);
LayerPointer make_multiply(const archive::Group& attributes);
LayerPointer make_concatenate(const archive::Group& attributes);
LayerPointer make_distance(const archive::Group& attributes);
LayerPointer make_divergence(const archive::Group& attributes);

// distance_correlation.cpp
LayerPointer make_distance_correlation(const archive::Group& attributes);

}  // namespace diskern::network::graph
