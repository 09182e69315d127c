#pragma once
// What the reader and the writer of DL in TMVA's weight files share: the codes of functions and the names of matrices.

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/tmva_xml.hpp"
#include "network/graph/predictor.hpp"

namespace diskern::model::tmva {

// Options and <Weights> of a network of layers. Throw InvalidArgument for what TMVA does not have; the message names
// the layer.
Options deep_network_options(const network::graph::GraphPredictor& predictor);
void write_deep_network(xml::Writer& writer, const network::graph::GraphPredictor& predictor);

// By the number that TMVA writes; 7 is the fast tanh of later releases.
constexpr std::array<const char*, 8> deep_functions = {"linear",         "relu",     "sigmoid", "tanh",
                                                       "symmetric_relu", "softsign", "gauss",   "tanh"};
constexpr std::array<const char*, 7> deep_function_words = {"LINEAR",   "RELU",     "SIGMOID", "TANH",
                                                            "SYMMRELU", "SOFTSIGN", "GAUSS"};

// A recurrent layer. TMVA names its matrices by gates and pairs, but writes them in the order of its list, which since
// cuDNN has the weights of the input for all gates first and then those of the state: the second matrix, called
// InputStateWeights in an LSTM, holds the forget gate's weights of the input. (OuputWeights is TMVA's spelling.)
struct RecurrentNames {
  const char* element;
  const char* kind;                      // of our layer
  std::size_t gates;                     // of TMVA: LSTM input, forget, candidate, output; GRU reset, update, candidate
  std::array<const char*, 8> matrices;   // in the order of the list
  std::array<const char*, 4> biases;     // one for each gate
  std::array<std::size_t, 4> our_gates;  // where a gate of TMVA stands in our columns
};
constexpr std::array<RecurrentNames, 3> recurrent_names = {{
    {"RNNLayer", "recurrent", 1, {"InputWeights", "StateWeights"}, {"Biases"}, {0}},
    {"LSTMLayer",
     "lstm",
     4,
     {"InputWeights", "InputStateWeights", "ForgetWeights", "ForgetStateWeights", "CandidateWeights",
      "CandidateStateWeights", "OuputWeights", "OutputStateWeights"},
     {"InputBiases", "ForgetBiases", "CandidateBiases", "OutputBiases"},
     {0, 1, 3, 2}},
    {"GRULayer",
     "gru",
     3,
     {"ResetWeights", "ResetStateWeights", "UpdateWeights", "UpdateStateWeights", "CandidateWeights",
      "CandidateStateWeights"},
     {"ResetBiases", "UpdateBiases", "CandidateBiases"},
     {0, 1, 2}},
}};

}  // namespace diskern::model::tmva
