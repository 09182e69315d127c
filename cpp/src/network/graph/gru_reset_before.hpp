#pragma once

#include "network/graph/layer.hpp"

namespace diskern::network::graph {

// A gru whose attribute reset_after is false.
LayerPointer make_gru_reset_before(const archive::Group& attributes);

}  // namespace diskern::network::graph
