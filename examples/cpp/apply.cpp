// Evaluates a model that Python trained: apply MODEL EVENTS.f32 RESPONSES.f64
// EVENTS holds float32 rows of the model's variables, RESPONSES receives float64 rows of its outputs.
#include <diskern/error.hpp>
#include <diskern/model.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s MODEL EVENTS.f32 RESPONSES.f64\n", argv[0]);
    return 2;
  }
  try {
    const diskern::Model model = diskern::load(argv[1]);  // validated here, so evaluation cannot fail

    std::ifstream input(argv[2], std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
    const auto* values = reinterpret_cast<const float*>(bytes.data());
    const std::size_t n_variables = model.variable_count();
    const std::size_t n_outputs = model.output_count();
    const std::size_t n_events = bytes.size() / sizeof(float) / n_variables;
    std::vector<double> responses(n_events * n_outputs);

    // The model is const: any number of threads may share it. The event loop owns the threads, the library starts none.
    const auto evaluate = [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) model.evaluate(values + i * n_variables, responses.data() + i * n_outputs);
    };
    std::thread first_half(evaluate, 0, n_events / 2);
    evaluate(n_events / 2, n_events);
    first_half.join();

    std::ofstream output(argv[3], std::ios::binary);
    output.write(reinterpret_cast<const char*>(responses.data()),
                 static_cast<std::streamsize>(responses.size() * sizeof(double)));
    if (!output.flush()) {
      std::fprintf(stderr, "cannot write %s\n", argv[3]);
      return 1;
    }
  } catch (const diskern::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
