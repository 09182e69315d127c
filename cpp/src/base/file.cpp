#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "diskern/error.hpp"

namespace diskern {

namespace {

[[noreturn]] void fail(const char* action, const std::string& path, int number) {
  throw InvalidArgument("cannot " + std::string(action) + " '" + path +
                        "': " + std::generic_category().message(number));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return number_; }
  // close reports what a network file system found out late.
  int close() noexcept {
    const int number = number_;
    number_ = -1;
    return ::close(number);
  }

 private:
  int number_;
};

// Writes everything, or returns errno.
int write_all(int descriptor, const std::uint8_t* data, std::size_t size) noexcept {
  while (size > 0) {
    const ssize_t written = ::write(descriptor, data, std::min<std::size_t>(size, std::size_t{1} << 30));
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return 0;
}

}  // namespace

std::vector<std::uint8_t> read_file(const std::string& path, std::size_t maximum_size) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail("read", path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail("read", path, errno);
  if (S_ISDIR(status.st_mode)) fail("read", path, EISDIR);
  std::vector<std::uint8_t> bytes;
  if (S_ISREG(status.st_mode) && status.st_size > 0) {
    bytes.reserve(std::min(static_cast<std::size_t>(status.st_size), maximum_size) + 1);
  }
  // Read to the end: the size of a pipe is not known, and a file may grow.
  constexpr std::size_t step = std::size_t{1} << 20;
  while (true) {
    const std::size_t old_size = bytes.size();
    const std::size_t room = bytes.capacity() > old_size ? bytes.capacity() - old_size : step;
    bytes.resize(old_size + room);
    const ssize_t got = ::read(file.get(), bytes.data() + old_size, room);
    if (got < 0) {
      const int number = errno;
      bytes.resize(old_size);
      if (number == EINTR) continue;
      fail("read", path, number);
    }
    bytes.resize(old_size + static_cast<std::size_t>(got));
    if (got == 0) return bytes;
    if (bytes.size() > maximum_size) {
      throw FormatError("'" + path + "' is larger than " + std::to_string(maximum_size) +
                        " bytes, the most that is read");
    }
  }
}

void write_file(const std::string& path, const std::uint8_t* data, std::size_t size) {
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) fail("write", path, EISDIR);
  if (exists && !S_ISREG(status.st_mode)) throw InvalidArgument("cannot write '" + path + "': not an ordinary file");

  static std::atomic<unsigned> counter{0};
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty()) throw InvalidArgument("cannot write '" + path + "': no file name");
  // Short, so that a long name does not get too long.
  const std::string temporary = folder + "." + name.substr(0, 100) + "." + std::to_string(::getpid()) + "." +
                                std::to_string(counter.fetch_add(1)) + ".tmp";

  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.get() < 0) fail("write", path, errno);
  int number = 0;
  if (exists && ::fchmod(file.get(), status.st_mode & 07777U) != 0) number = errno;
  if (number == 0) number = write_all(file.get(), data, size);
  if (number == 0 && ::fsync(file.get()) != 0 && errno != EINVAL && errno != ENOTSUP) number = errno;
  if (file.close() != 0 && number == 0) number = errno;
  if (number == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) number = errno;
  if (number != 0) {
    ::unlink(temporary.c_str());
    fail("write", path, number);
  }
  // The new name reaches the disk as well; not every file system can do this, and the file itself is safe.
  const Descriptor directory(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) (void)::fsync(directory.get());
}

}  // namespace diskern
