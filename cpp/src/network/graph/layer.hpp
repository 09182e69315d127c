#pragma once
// A layer of a graph: what it is (attributes, shapes, parameters) and how it computes. Layers know one event's shape;
// the values of a batch stand event after event in C order, images with the channels last. The arithmetic is a template
// over the scalar: float32 is what networks are trained and evaluated in, float64 is what tests differentiate.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/archive.hpp"
#include "network/activation_kind.hpp"

namespace diskern::network::graph {

using Shape = std::vector<std::size_t>;  // of one event

std::size_t size_of(const Shape& shape) noexcept;
std::string text_of(const Shape& shape);  // "(24, 24, 1)"

// No value of a batch is larger, so that sizes never overflow.
constexpr std::size_t maximum_elements = std::size_t{1} << 26;

// Where training starts. Biases and other offsets begin at their value; weights are drawn.
enum class Start : std::uint8_t { zeros = 0, ones = 1, weights = 2 };

struct ParameterInfo {
  std::string name;
  Shape shape;
  Start start = Start::zeros;
  bool trained = true;     // false: a running average or a constant, which no optimizer touches
  bool decays = false;     // whether weight decay and penalties apply: weights, not biases
  std::size_t inputs = 1;  // numbers that a weight's neuron sums up, and that its input reaches
  std::size_t outputs = 1;
  double start_value = 0.0;  // of Start::zeros: the value instead of zero

  std::size_t size() const noexcept { return size_of(shape); }
};

// Where random numbers of a training step come from: they depend on seed, step and event, not on threads.
struct RandomPlace {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  std::uint64_t first_event = 0;  // position of the first event in its batch
  std::uint32_t layer = 0;
};

template <class T>
struct Forward {
  std::size_t events = 0;
  const T* const* inputs = nullptr;
  T* output = nullptr;
  T* saved = nullptr;  // events x saved_size(): what backward wants to know
  T* scratch = nullptr;
  const T* parameters = nullptr;
  const T* prepared = nullptr;  // what prepare() made of the parameters
  bool training = false;
  RandomPlace random;
  const double* statistics = nullptr;  // of the whole batch, for layers that couple its events
};

// Gradients are set, not added to, but for those of parameters, which are added to.
template <class T>
struct Backward {
  std::size_t events = 0;
  const T* const* inputs = nullptr;
  const T* output = nullptr;
  const T* output_gradient = nullptr;
  T* const* input_gradients = nullptr;  // null where not wanted
  T* parameter_gradients = nullptr;
  T* saved = nullptr;  // as forward left it; may be written over
  T* scratch = nullptr;
  const T* parameters = nullptr;
  const T* prepared = nullptr;
  RandomPlace random;
  const double* statistics = nullptr;
  const double* gradient_statistics = nullptr;
};

class Layer {
 public:
  Layer(const archive::Group& attributes);  // NOLINT(google-explicit-constructor): constructors are listed by kind
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  virtual const char* kind() const noexcept = 0;
  const std::string& name() const noexcept { return name_; }
  const std::vector<ParameterInfo>& parameters() const noexcept { return parameters_; }
  const std::vector<Shape>& input_shapes() const noexcept { return input_shapes_; }
  const Shape& output_shape() const noexcept { return output_shape_; }

  // Learns the shapes of its inputs. A shared layer is built once for each use and insists on equal shapes. Throws
  // InvalidArgument that names the layer.
  const Shape& build(const std::vector<Shape>& inputs);

  // The function that an activation layer applies: the start of the weights in front of it depends on it.
  virtual Activation function() const noexcept { return Activation::linear; }
  // Whether its parameters are constants that come from the sample before training (Scale).
  virtual bool standardises() const noexcept { return false; }
  // Throws InvalidArgument for an event with numbers that it cannot take, where its input is one of the network's.
  virtual void check_input(const float* /*values*/, std::size_t /*event*/) const {}

  // Same numbers in another shape: nothing is computed.
  virtual bool is_view() const noexcept { return false; }
  std::size_t saved_size() const noexcept { return saved_size_; }                        // per event
  virtual std::size_t scratch_size(std::size_t /*events*/) const noexcept { return 0; }  // elements
  virtual std::size_t prepared_size() const noexcept { return 0; }                       // elements

  virtual void prepare(const float* parameters, float* prepared) const = 0;
  virtual void prepare(const double* parameters, double* prepared) const = 0;
  virtual void forward(const Forward<float>& call) const = 0;
  virtual void forward(const Forward<double>& call) const = 0;
  virtual void backward(const Backward<float>& call) const = 0;
  virtual void backward(const Backward<double>& call) const = 0;

  // Layers that couple the events of a batch (batch normalisation): sums over events are collected part by part, added
  // up in a fixed order, and then given to forward and backward.
  virtual std::size_t statistics_size() const noexcept { return 0; }
  // Of a batch of so many events; the same as statistics_size() for layers that sum events up.
  virtual std::size_t batch_statistics_size(std::size_t /*events*/) const noexcept { return statistics_size(); }
  virtual void collect(const Forward<float>&, double*) const {}
  virtual void collect(const Forward<double>&, double*) const {}
  // Whether the layer's value belongs to a batch, so that it has none where single events are answered; losses over a
  // sample apart then need batches, too.
  virtual bool has_value_of_batch() const noexcept { return false; }
  // Once all parts are added up, on one thread: what is worked out for the whole batch.
  virtual void finish_statistics(double* /*statistics*/, std::size_t /*events*/) const {}
  virtual std::size_t gradient_statistics_size() const noexcept { return 0; }
  virtual void collect_gradient(const Backward<float>&, double*) const {}
  virtual void collect_gradient(const Backward<double>&, double*) const {}
  // Moves running averages after a training step over so many events.
  virtual void update_state(float* /*parameters*/, const double* /*statistics*/, std::size_t /*events*/) const {}
  virtual void update_state(double* /*parameters*/, const double* /*statistics*/, std::size_t /*events*/) const {}

  // Writes the attributes that its constructor reads.
  void write(archive::Group& group) const;

 protected:
  virtual void write_attributes(archive::Group&) const {}
  virtual Shape shape_output(const std::vector<Shape>& inputs) = 0;
  [[noreturn]] void refuse(const std::string& what) const;
  void expect_inputs(const std::vector<Shape>& inputs, std::size_t least, std::size_t most) const;
  void expect_rank(const Shape& shape, std::size_t rank, const char* meaning) const;

  std::vector<ParameterInfo> parameters_;
  std::size_t saved_size_ = 0;

 private:
  std::string name_;
  std::vector<Shape> input_shapes_;
  Shape output_shape_;
};

// Derived writes templates forward_of, backward_of (and prepare_of where it prepares).
template <class Derived>
class LayerOf : public Layer {
 public:
  using Layer::Layer;
  void prepare(const float* parameters, float* prepared) const final { self().prepare_of(parameters, prepared); }
  void prepare(const double* parameters, double* prepared) const final { self().prepare_of(parameters, prepared); }
  void forward(const Forward<float>& call) const final { self().forward_of(call); }
  void forward(const Forward<double>& call) const final { self().forward_of(call); }
  void backward(const Backward<float>& call) const final { self().backward_of(call); }
  void backward(const Backward<double>& call) const final { self().backward_of(call); }

  template <class T>
  void prepare_of(const T* /*parameters*/, T* /*prepared*/) const {}

 private:
  const Derived& self() const noexcept { return static_cast<const Derived&>(*this); }
};

using LayerPointer = std::shared_ptr<Layer>;

// By the attribute "kind". Throws FormatError for an unknown kind or attributes that are missing or out of range.
LayerPointer make_layer(const archive::Group& attributes);
std::vector<std::string> layer_kinds();

}  // namespace diskern::network::graph
