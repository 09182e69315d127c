#pragma once
// The few messages of onnx.proto that are needed, encoded here: a hundred lines in place of a dependency on protobuf in
// the library, or on the onnx package in Python, which C++ could not use.

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "diskern/model.hpp"
#include "network/network.hpp"

namespace diskern::model::onnx {

// Operator sets and file version that runtimes of 2019 read, and those of today.
constexpr std::uint64_t ir_version = 4;
constexpr std::uint64_t opset_version = 9;
constexpr std::uint64_t ml_opset_version = 1;
constexpr std::size_t maximum_size = (std::size_t{1} << 31) - 1;  // of a protobuf message

// A protocol buffer under construction. Fields are numbered as in onnx.proto.
class Message {
 public:
  Message& integer(std::uint32_t field, std::uint64_t value) {
    varint(std::uint64_t{field} << 3);
    varint(value);
    return *this;
  }
  Message& real(std::uint32_t field, float value) {
    varint((std::uint64_t{field} << 3) | 5);
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (std::uint32_t shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<char>((bits >> shift) & 0xFF));
    return *this;
  }
  Message& text(std::uint32_t field, std::string_view value) {
    varint((std::uint64_t{field} << 3) | 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(std::uint32_t field, const Message& value) { return text(field, value.bytes_); }
  const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;

  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>((value & 0x7F) | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }
};

// AttributeProto: name 1, i 3, s 4, floats 7, ints 8, strings 9, type 20.
inline Message attribute(std::string_view name, std::int64_t value) {
  return Message().text(1, name).integer(3, static_cast<std::uint64_t>(value)).integer(20, 2);
}
inline Message attribute(std::string_view name, std::string_view value) {
  return Message().text(1, name).text(4, value).integer(20, 3);
}
inline Message attribute(std::string_view name, const std::vector<float>& values) {
  Message message;
  message.text(1, name);
  for (const float value : values) message.real(7, value);
  return message.integer(20, 6);
}
inline Message attribute(std::string_view name, const std::vector<std::int64_t>& values) {
  Message message;
  message.text(1, name);
  for (const std::int64_t value : values) message.integer(8, static_cast<std::uint64_t>(value));
  return message.integer(20, 7);
}
inline Message attribute(std::string_view name, const std::vector<const char*>& values) {
  Message message;
  message.text(1, name);
  for (const char* value : values) message.text(9, value);
  return message.integer(20, 8);
}

// ValueInfoProto of a float32 tensor of shape (events, columns).
inline Message tensor(std::string_view name, std::size_t columns) {
  const Message events = Message().text(2, "events");
  const Message count = Message().integer(1, columns);
  const Message shape = Message().message(1, events).message(1, count);
  const Message type = Message().message(1, Message().integer(1, 1).message(2, shape));
  return Message().text(1, name).message(2, type);
}

inline Message node(std::string_view kind, std::string_view domain, const std::vector<std::string>& inputs,
                    std::string_view output, const std::vector<Message>& attributes) {
  Message message;
  for (const std::string& input : inputs) message.text(1, input);
  message.text(2, output).text(3, output).text(4, kind);
  for (const Message& one : attributes) message.message(5, one);
  return message.text(7, domain);
}

// TensorProto of float32 numbers: dims 1, data_type 2, float_data 4 (packed), name 8.
inline Message constant(std::string_view name, const std::vector<std::size_t>& shape, const std::vector<float>& values) {
  Message message;
  for (const std::size_t size : shape) message.integer(1, size);
  message.integer(2, 1);
  std::string bytes(values.size() * sizeof(float), '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(values[i]);
    for (std::size_t byte = 0; byte < 4; ++byte) bytes[4 * i + byte] = static_cast<char>((bits >> (8 * byte)) & 0xFF);
  }
  return message.text(4, bytes).text(8, name);
}

// The file around a graph whose input is "variables" and whose output is "responses". Throws InvalidArgument for one that
// is too large.
std::string file_of(Message graph, const ModelInfo& info, std::size_t n_outputs, bool trees);

// A dense network.
std::string write_network(const Model& model, const network::Network& network);

}  // namespace diskern::model::onnx
