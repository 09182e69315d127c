#pragma once
// The one kind of failure of the library. The message names the argument, what came and what was expected.

#include <stdexcept>
#include <string>

namespace diskern {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A wrong argument of the caller (ValueError in Python).
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

// A file or byte string that is not what it claims to be (FormatError, a ValueError, in Python).
class FormatError : public Error {
 public:
  using Error::Error;
};

// No device, or a failure on it (DeviceError, a RuntimeError, in Python).
class DeviceError : public Error {
 public:
  using Error::Error;
};

// The user asked to stop (KeyboardInterrupt in Python). Thrown only by work that has nothing worth keeping;
// iterative fits return their best model, marked interrupted, instead.
class Interrupted : public Error {
 public:
  Interrupted() : Error("interrupted by the user") {}
};

}  // namespace diskern
