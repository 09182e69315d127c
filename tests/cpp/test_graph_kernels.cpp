// The kernels of layers against plain loops, on every instruction set of this machine and at awkward sizes; evaluation
// of a graph without allocation.
#include <random>

#include "base/dispatch.hpp"
#include "check.hpp"
#include "count_allocations.hpp"
#include "network/graph/convolution.hpp"
#include "network/graph/distance_correlation.hpp"
#include "network/graph/matrix.hpp"
#include "network/graph/pooling.hpp"
#include "network/graph/predictor.hpp"
#include "network/graph/training.hpp"

using namespace diskern;
using namespace diskern::network::graph;

namespace {

std::vector<float> random_values(std::size_t count, std::mt19937_64& random) {
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(d <= largest)) largest = d;
  }
  return largest;
}

archive::Group layer(const char* kind, const char* name) {
  archive::Group group;
  group.set("kind", std::string(kind));
  group.set("name", std::string(name));
  return group;
}

GraphPointer small_graph() {
  archive::Group convolution = layer("convolution", "convolution");
  convolution.set("dimensions", std::int64_t{2});
  convolution.set("maps", std::int64_t{8});
  convolution.set("kernel", std::vector<std::int64_t>{3, 3});
  convolution.set("stride", std::vector<std::int64_t>{1, 1});
  convolution.set("dilation", std::vector<std::int64_t>{1, 1});
  convolution.set("border", std::vector<std::int64_t>{0, 0, 0, 0});
  convolution.set("groups", std::int64_t{1});
  convolution.set("padding", std::string("same"));
  convolution.set("bias", true);
  archive::Group activation = layer("activation", "activation");
  activation.set("function", std::string("relu"));
  archive::Group flat = layer("reshape", "flat");
  flat.set("shape", std::vector<std::int64_t>{8, 64});
  archive::Group lstm = layer("lstm", "lstm");
  lstm.set("units", std::int64_t{6});
  lstm.set("sequences", false);
  lstm.set("backwards", false);
  archive::Group dense = layer("dense", "dense");
  dense.set("units", std::int64_t{3});
  dense.set("bias", true);
  std::vector<LayerPointer> layers;
  for (const archive::Group* one : {&convolution, &activation, &flat, &lstm, &dense})
    layers.push_back(make_layer(*one));
  return std::make_shared<const Graph>(std::vector<Input>{{"image", {8, 8, 2}, 0}}, layers,
                                       std::vector<Node>{{0, {0}}, {1, {1}}, {2, {2}}, {3, {3}}, {4, {4}}},
                                       std::vector<Output>{{5, Link::softmax}});
}

}  // namespace

TEST(products_of_rows) {
  std::mt19937_64 random(1);
  for (const InstructionSet level : supported_instruction_sets()) {
    for (const std::size_t columns : {1, 7, 8, 9, 16, 17, 24, 25, 31, 32, 33, 40, 48, 57, 64, 65}) {
      for (const std::size_t rows : {1, 2, 5, 6, 7, 11, 12, 13, 14, 15, 29}) {
        for (const bool accumulate : {false, true}) {
          const std::size_t runs = 3;
          const std::size_t length = 5;
          const std::size_t step = 4;  // rows overlap
          const std::vector<std::ptrdiff_t> offset = {0, 7, 20};
          const std::vector<float> a = random_values(rows * step + 32, random);
          const std::vector<float> b = random_values(runs * length * columns, random);
          std::vector<float> bias = random_values(padded_columns(columns), random);
          std::vector<float> packed(packed_size(runs * length, columns));
          pack(runs * length, columns, [&](std::size_t k, std::size_t n) { return b[k * columns + n]; }, packed.data());
          // Room beyond the rows must stay as it is.
          const std::vector<float> before = random_values(rows * (columns + 3) + 40, random);
          std::vector<float> expected = before;
          std::vector<float> given = before;
          multiply_rows_plainly<float>({a.data(), step, offset.data(), runs, length, packed.data(),
                                        accumulate ? nullptr : bias.data(), expected.data(), columns + 3, rows, columns,
                                        accumulate});
          const RowsRequest request{a.data(),
                                    step,
                                    offset.data(),
                                    runs,
                                    length,
                                    packed.data(),
                                    accumulate ? nullptr : bias.data(),
                                    given.data(),
                                    columns + 3,
                                    rows,
                                    columns,
                                    accumulate};
          matrix_kernels(level).rows(&request);
          CHECK(largest_difference(given, expected) < 2e-5);
          for (std::size_t m = 0; m < rows; ++m) {
            for (std::size_t n = columns; n < columns + 3; ++n) {
              CHECK_EQUAL(given[m * (columns + 3) + n], before[m * (columns + 3) + n]);
            }
          }
        }
      }
    }
  }
}

TEST(outer_products) {
  std::mt19937_64 random(2);
  for (const InstructionSet level : supported_instruction_sets()) {
    for (const std::size_t columns : {1, 3, 8, 9, 16, 20, 25, 32, 40, 50}) {
      for (const std::size_t count : {1, 3, 5, 12, 13, 14, 15, 30}) {
        const std::size_t lines = 3;
        const std::size_t rows = 7;
        const std::vector<float> a = random_values(lines * 40 + rows * 3 + count, random);
        const std::vector<float> b = random_values(lines * rows * columns + slack, random);
        std::vector<float> expected = random_values(count * columns, random);
        std::vector<float> given = expected;
        add_outer_plainly<float>({a.data(), 40, 3, b.data(), rows * columns, columns, expected.data(), columns, lines,
                                  rows, count, columns});
        const OuterRequest request{a.data(),     40,      3,     b.data(), rows * columns, columns,
                                   given.data(), columns, lines, rows,     count,          columns};
        matrix_kernels(level).outer(&request);
        CHECK(largest_difference(given, expected) < 5e-5);
      }
    }
  }
}

TEST(sums_of_columns) {
  std::mt19937_64 random(6);
  for (const InstructionSet level : supported_instruction_sets()) {
    for (const std::size_t columns : {1, 7, 8, 16, 24, 29, 40}) {
      for (const std::size_t rows : {1, 3, 4, 9}) {
        const std::vector<float> values = random_values(rows * (columns + 2), random);
        const std::vector<float> before = random_values(columns, random);
        std::vector<float> given = before;
        matrix_kernels(level).column_sums(values.data(), columns + 2, given.data(), rows, columns);
        for (std::size_t n = 0; n < columns; ++n) {
          double sum = static_cast<double>(before[n]);
          for (std::size_t m = 0; m < rows; ++m) sum += static_cast<double>(values[m * (columns + 2) + n]);
          CHECK_NEAR(static_cast<double>(given[n]), sum, 1e-5);
        }
      }
    }
  }
}

TEST(pooling_has_the_same_bits_everywhere) {
  std::mt19937_64 random(3);
  for (const PoolingOperation operation :
       {PoolingOperation::maximum, PoolingOperation::average, PoolingOperation::minimum}) {
    for (const std::size_t channels : {1, 3, 8, 16, 21, 40}) {
      for (const bool beside : {false, true}) {
        const PoolingShape shape = beside ? PoolingShape{7, 5, channels, 3, 2, 2, 2, 2, 2, 0, 0, operation, false}
                                          : PoolingShape{7, 6, channels, 4, 3, 3, 2, 2, 2, 1, 0, operation, false};
        const std::vector<float> x = random_values(shape.height * shape.width * channels, random);
        const std::vector<float> slopes = random_values(shape.out_height * shape.out_width * channels, random);
        std::vector<float> expected(slopes.size());
        std::vector<float> expected_back(x.size());
        pool(shape, x.data(), expected.data());
        pool_back(shape, x.data(), expected.data(), slopes.data(), expected_back.data());
        for (const InstructionSet level : supported_instruction_sets()) {
          std::vector<float> given(slopes.size());
          std::vector<float> back(x.size(), NAN);
          pooling_kernels(level).forward(&shape, x.data(), given.data());
          pooling_kernels(level).backward(&shape, x.data(), given.data(), slopes.data(), back.data());
          CHECK(given == expected);
          CHECK(back == expected_back);
        }
      }
    }
  }
}

TEST(convolution_is_its_definition) {
  std::mt19937_64 random(4);
  Convolution c;
  c.height = 9;
  c.width = 8;
  c.channels = 4;
  c.out_channels = 10;
  c.kernel_height = 3;
  c.kernel_width = 2;
  c.stride_height = 2;
  c.dilation_width = 2;
  c.top = 1;
  c.left = 2;
  c.right = 1;
  c.groups = 2;
  c.out_height = (9 + 1 - 3) / 2 + 1;
  c.out_width = 8 + 3 - 3 + 1;
  const ConvolutionPlan plan(c);
  const std::vector<float> x = random_values(9 * 8 * 4, random);
  const std::vector<float> weights = random_values(c.weight_count(), random);
  std::vector<float> packed(c.forward_weights_size());
  pack_forward(c, weights.data(), packed.data());
  std::vector<float> scratch(c.scratch_size());
  std::vector<float> expected(c.out_height * c.out_width * 10);
  std::vector<float> given(expected.size());
  convolve_plainly<float>(c, x.data(), weights.data(), nullptr, expected.data());
  convolve<float>(plan, x.data(), packed.data(), nullptr, given.data(), scratch.data());
  CHECK(largest_difference(given, expected) < 1e-5);
}

TEST(convolution_of_many_channels_and_its_way_back) {
  // Forward against the definition, and <conv(x), y> = <x, back(y)>.
  std::mt19937_64 random(5);
  for (const std::size_t outputs : {40, 64, 70}) {
    Convolution c;
    c.height = 6;
    c.width = 7;
    c.channels = 48;
    c.out_channels = outputs;
    c.kernel_height = 3;
    c.kernel_width = 3;
    c.top = c.bottom = c.left = c.right = 1;
    c.out_height = 6;
    c.out_width = 7;
    const ConvolutionPlan plan(c);
    const std::vector<float> x = random_values(6 * 7 * 48, random);
    const std::vector<float> y = random_values(6 * 7 * outputs, random);
    const std::vector<float> weights = random_values(c.weight_count(), random);
    std::vector<float> bias = random_values(padded_columns(outputs), random);
    std::vector<float> packed(c.forward_weights_size());
    std::vector<float> packed_back(plan.backward_weights_size());
    pack_forward(c, weights.data(), packed.data());
    pack_backward(plan, weights.data(), packed_back.data());
    std::vector<float> scratch(c.scratch_size());
    std::vector<float> expected(y.size());
    std::vector<float> given(y.size());
    convolve_plainly<float>(c, x.data(), weights.data(), bias.data(), expected.data());
    convolve<float>(plan, x.data(), packed.data(), bias.data(), given.data(), scratch.data());
    CHECK(largest_difference(given, expected) < 5e-4);  // sums of 432 products of size 1
    std::vector<float> back(x.size());
    convolve_back<float>(plan, y.data(), packed_back.data(), nullptr, back.data(), scratch.data());
    double left = 0.0, right = 0.0, size = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const std::size_t o = i % outputs;
      left += (static_cast<double>(expected[i]) - static_cast<double>(bias[o])) * static_cast<double>(y[i]);
      size += std::abs(static_cast<double>(expected[i]) * static_cast<double>(y[i]));
    }
    for (std::size_t i = 0; i < x.size(); ++i) right += static_cast<double>(back[i]) * static_cast<double>(x[i]);
    CHECK_NEAR(left, right, 1e-5 * size);
  }
}

TEST(packing_a_matrix_in_memory_is_packing_its_elements) {
  std::mt19937_64 random(8);
  for (const std::size_t depth : {1, 3, 16, 20, 33}) {
    for (const std::size_t columns : {1, 8, 9, 16, 21, 40}) {
      const std::vector<float> values = random_values(depth * columns, random);
      std::vector<float> expected(packed_size(depth, columns));
      pack(depth, columns, [&](std::size_t k, std::size_t n) { return values[k * columns + n]; }, expected.data());
      std::vector<float> given(expected.size(), NAN);
      pack(depth, columns, Strided<float>{values.data(), columns, 1}, given.data());
      CHECK(given == expected);
      std::vector<float> turned(values.size());
      for (std::size_t k = 0; k < depth; ++k) {
        for (std::size_t n = 0; n < columns; ++n) turned[n * depth + k] = values[k * columns + n];
      }
      std::fill(given.begin(), given.end(), NAN);
      pack(depth, columns, Strided<float>{turned.data(), 1, depth}, given.data());
      CHECK(given == expected);
    }
  }
}

TEST(distance_correlation_is_its_definition) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  for (const bool ties : {false, true}) {
    const std::size_t n = 41;
    std::vector<double> x(n), y(n), weight(n), slope(n);
    for (std::size_t i = 0; i < n; ++i) {
      x[i] = normal(random) + 1000.0;
      y[i] = x[i] * x[i] * 1e-3 + normal(random);
      weight[i] = i % 5 == 0 ? 0.0 : static_cast<double>(random() % 7 + 1);
      if (ties) {
        x[i] = std::floor(2.0 * x[i]);
        y[i] = std::floor(y[i]);
      }
    }
    const double value = distance_correlation(x.data(), y.data(), weight.data(), slope.data(), n);
    CHECK_NEAR(value, distance_correlation_plainly(x.data(), y.data(), weight.data(), n), 1e-10);
    CHECK(value > 0.01 && value < 1.0);
    if (ties) continue;  // no derivative where distances are 0
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<double> moved = x;
      const double step = 1e-5;
      moved[i] += step;
      const double up = distance_correlation_plainly(moved.data(), y.data(), weight.data(), n);
      moved[i] -= 2.0 * step;
      const double down = distance_correlation_plainly(moved.data(), y.data(), weight.data(), n);
      CHECK_NEAR(slope[i], (up - down) / (2.0 * step), 1e-7);
    }
  }
}

TEST(one_event_allocates_nothing) {
  const GraphPointer graph = small_graph();
  const GraphPredictor predictor(graph, start_parameters(*graph, network::Initialisation::automatic, 1));
  std::mt19937_64 random(5);
  const std::vector<float> events = random_values(3 * predictor.input_count(), random);
  double responses[3];
  double matrix[9];
  Context context;
  predictor.evaluate(context, View<const float, 2>(events.data(), 3, predictor.input_count()),
                     View<double, 2>(matrix, 3, 3));
  const std::size_t before = allocations;
  for (std::size_t e = 0; e < 3; ++e) {
    predictor.evaluate(events.data() + e * predictor.input_count(), responses);
    for (std::size_t k = 0; k < 3; ++k) CHECK_NEAR(responses[k], matrix[3 * e + k], 1e-6);
    CHECK_NEAR(responses[0] + responses[1] + responses[2], 1.0, 1e-12);
  }
  CHECK_EQUAL(allocations.load(), before);
}
