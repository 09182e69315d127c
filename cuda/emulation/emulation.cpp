// The fibers behind cuda_runtime.h and the few functions of the run-time library.
#include <sys/mman.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <numeric>
#include <new>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda_runtime.h"
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

// From one stack to another. What the calling convention lets a callee change need not be kept.
#if defined(__x86_64__)
extern "C" void diskern_switch_stack(void** save, void* load);
asm(R"(
.text
.globl diskern_switch_stack
.hidden diskern_switch_stack
.type diskern_switch_stack,@function
diskern_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size diskern_switch_stack,.-diskern_switch_stack
)");
#endif

namespace diskern::cuda_emulation {

Thread* current = nullptr;
dim3 grid_size;
dim3 block_size;
void* dynamic_shared = nullptr;

namespace {

constexpr std::size_t stack_bytes = 64 * 1024;
constexpr std::size_t dynamic_shared_limit = 227 * 1024;
constexpr unsigned char poison = 0xA5;  // no number that anyone expects, and not a small index

enum class State { ready, at_block_barrier, at_warp_exchange, ended };

struct Fiber : Thread {
  State state = State::ended;
  unsigned number = 0;      // in the block
  unsigned mask = 0;        // of the exchange it waits for
  std::uint64_t word = 0;   // what it gives
  std::array<std::uint64_t, 32> words{};  // what it saw
  unsigned char* stack = nullptr;
#if defined(__x86_64__)
  void* stack_pointer = nullptr;
#else
  ucontext_t context{};
#endif
};

std::deque<Fiber> fibers;
std::size_t fiber_count = 0;  // of the block that runs
#if defined(__x86_64__)
void* scheduler_stack_pointer = nullptr;
#else
ucontext_t scheduler_context;
#endif
const std::function<void()>* kernel_body = nullptr;
std::exception_ptr failure;
std::mt19937 order{12345};
int votes = 0;         // of the barrier that fills
int vote_result = 0;   // of the barrier that was last passed
bool running = false;
std::mutex one_launch;

Fiber& self() { return static_cast<Fiber&>(*current); }

void back_to_scheduler() {
#if defined(__x86_64__)
  diskern_switch_stack(&self().stack_pointer, scheduler_stack_pointer);
#else
  swapcontext(&self().context, &scheduler_context);
#endif
}

void fiber_main() {
  try {
    (*kernel_body)();
  } catch (...) {
    if (!failure) failure = std::current_exception();
  }
  self().state = State::ended;
  back_to_scheduler();
  std::abort();  // an ended fiber is never called
}

void prepare(Fiber& fiber) {
  if (fiber.stack == nullptr) {
    void* const memory =
        mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    fiber.stack = static_cast<unsigned char*>(memory);
  }
  fiber.state = State::ready;
#if defined(__x86_64__)
  // The stack as diskern_switch_stack leaves one: six registers, the address to return to, and an alignment of 8 modulo
  // 16 at the entry of a function.
  auto* top = reinterpret_cast<void**>(fiber.stack + stack_bytes);
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(&fiber_main);
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  fiber.stack_pointer = top;
#else
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack;
  fiber.context.uc_stack.ss_size = stack_bytes;
  fiber.context.uc_link = &scheduler_context;
  makecontext(&fiber.context, fiber_main, 0);
#endif
}

void resume(Fiber& fiber) {
  current = &fiber;
#if defined(__x86_64__)
  diskern_switch_stack(&scheduler_stack_pointer, fiber.stack_pointer);
#else
  swapcontext(&scheduler_context, &fiber.context);
#endif
  current = nullptr;
}

std::string where(const Fiber& fiber) {
  return "thread " + std::to_string(fiber.number) + " of block " + std::to_string(fiber.block.x);
}

// Lets the lanes go on that wait for the same exchange, once all are there.
void complete_exchange(Fiber& last) {
  const unsigned first_of_warp = last.number / 32 * 32;
  const unsigned mask = last.mask;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1U) == 0) continue;
    const unsigned number = first_of_warp + lane;
    if (number >= fiber_count || fibers[number].state == State::ended) {
      throw std::runtime_error("a warp exchange of " + where(last) + " names lane " + std::to_string(lane) +
                               ", which has ended or does not exist");
    }
    if (fibers[number].state != State::at_warp_exchange || fibers[number].mask != mask) return;
  }
  std::array<std::uint64_t, 32> words{};
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1U) != 0) words[lane] = fibers[first_of_warp + lane].word;
  }
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1U) == 0) continue;
    fibers[first_of_warp + lane].words = words;
    fibers[first_of_warp + lane].state = State::ready;
  }
}

bool complete_barrier() {
  for (std::size_t i = 0; i < fiber_count; ++i) {
    if (fibers[i].state == State::ready || fibers[i].state == State::at_warp_exchange) return false;
  }
  vote_result = votes;
  votes = 0;
  bool any = false;
  for (std::size_t i = 0; i < fiber_count; ++i) {
    if (fibers[i].state != State::at_block_barrier) continue;
    fibers[i].state = State::ready;
    any = true;
  }
  return any;
}

void run_block(std::size_t threads) {
  std::vector<std::uint32_t> turn(threads);
  for (std::size_t i = 0; i < threads; ++i) turn[i] = static_cast<std::uint32_t>(i);
  for (;;) {
    // A random start and stride that visits all: cheap, and no order can be relied on.
    std::size_t stride = 1 + order() % threads;
    while (std::gcd(stride, threads) != 1) stride = 1 + order() % threads;
    std::size_t position = order() % threads;
    bool any = false;
    for (std::size_t i = 0; i < threads && !failure; ++i, position = (position + stride) % threads) {
      Fiber& fiber = fibers[position];
      if (fiber.state != State::ready) continue;
      any = true;
      resume(fiber);
      if (fiber.state == State::at_warp_exchange) complete_exchange(fiber);
    }
    if (failure) std::rethrow_exception(failure);
    if (any) continue;
    if (complete_barrier()) continue;
    std::size_t ended = 0;
    for (std::size_t i = 0; i < threads; ++i) ended += fibers[i].state == State::ended ? 1 : 0;
    if (ended == threads) return;
    for (std::size_t i = 0; i < threads; ++i) {
      if (fibers[i].state == State::ended) continue;
      throw std::runtime_error(where(fibers[i]) + " waits for threads that never come (mask " +
                               std::to_string(fibers[i].mask) + ")");
    }
  }
}

}  // namespace

void block_barrier() {
  self().state = State::at_block_barrier;
  back_to_scheduler();
}

int block_count(int predicate) {
  votes += predicate != 0 ? 1 : 0;
  block_barrier();
  return vote_result;
}

unsigned lane() { return self().number % 32; }

const std::uint64_t* exchange(unsigned mask, std::uint64_t word) {
  Fiber& fiber = self();
  if ((mask >> (fiber.number % 32) & 1U) == 0) {
    throw std::runtime_error(where(fiber) + " takes part in a warp exchange that does not name it");
  }
  fiber.mask = mask;
  fiber.word = word;
  fiber.state = State::at_warp_exchange;
  back_to_scheduler();
  return fiber.words.data();
}

void launch(dim3 grid, dim3 block, std::size_t shared_bytes, const std::function<void()>& body) {
  const std::lock_guard<std::mutex> lock(one_launch);
  if (running) throw std::logic_error("a kernel starts a kernel");
  const std::size_t threads = static_cast<std::size_t>(block.x) * block.y * block.z;
  if (threads == 0 || threads > 1024 || grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.y > 65535 || grid.z > 65535) {
    throw std::runtime_error("invalid launch: " + std::to_string(grid.x) + " x " + std::to_string(grid.y) + " x " +
                             std::to_string(grid.z) + " blocks of " + std::to_string(threads) + " threads");
  }
  if (shared_bytes > dynamic_shared_limit) {
    throw std::runtime_error("invalid launch: " + std::to_string(shared_bytes) + " bytes of shared memory");
  }
  grid_size = grid;
  block_size = block;
  kernel_body = &body;
  fiber_count = threads;
  while (fibers.size() < threads) fibers.emplace_back();
  // Exactly as large as asked for, so that a memory checker sees what lies beyond.
  void* const shared = std::aligned_alloc(128, (shared_bytes + 127) / 128 * 128 + 128);
  if (shared == nullptr) throw std::bad_alloc();
  dynamic_shared = shared;
  running = true;
  failure = nullptr;
  try {
    for (unsigned z = 0; z < grid.z; ++z) {
      for (unsigned y = 0; y < grid.y; ++y) {
        for (unsigned x = 0; x < grid.x; ++x) {
          std::memset(shared, poison, shared_bytes);
          votes = 0;
          for (std::size_t i = 0; i < threads; ++i) {
            Fiber& fiber = fibers[i];
            prepare(fiber);
            fiber.number = static_cast<unsigned>(i);
            fiber.block = {x, y, z};
            fiber.index = {static_cast<unsigned>(i) % block.x, static_cast<unsigned>(i) / block.x % block.y,
                           static_cast<unsigned>(i) / (block.x * block.y)};
          }
          run_block(threads);
        }
      }
    }
  } catch (...) {
    running = false;
    std::free(shared);
    throw;
  }
  running = false;
  std::free(shared);
}

}  // namespace diskern::cuda_emulation

namespace {

std::map<const void*, std::size_t> allocations;
std::mutex allocations_mutex;
thread_local cudaError_t last_error = cudaSuccess;

cudaError_t keep(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

// Whether a range lies in one allocation of the device.
bool on_device(const void* memory, std::size_t bytes) {
  const std::lock_guard<std::mutex> lock(allocations_mutex);
  auto after = allocations.upper_bound(memory);
  if (after == allocations.begin()) return false;
  --after;
  const auto offset = static_cast<std::size_t>(static_cast<const char*>(memory) - static_cast<const char*>(after->first));
  return offset + bytes <= after->second;
}

}  // namespace

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument (emulated)";
    case cudaErrorMemoryAllocation:
      return "out of memory (emulated)";
    default:
      return "emulated CUDA error";
  }
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) { return keep(device == 0 ? cudaSuccess : cudaErrorInvalidValue); }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device != 0) return keep(cudaErrorInvalidValue);
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "emulated device");
  properties->major = 9;
  properties->multiProcessorCount = 3;  // few and odd: grids of several rounds and unequal shares
  properties->totalGlobalMem = std::size_t{1} << 32;
  properties->sharedMemPerBlockOptin = diskern::cuda_emulation::dynamic_shared_limit;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  if (device != 0) return keep(cudaErrorInvalidValue);
  *value = attribute == cudaDevAttrMultiProcessorCount ? 3
                                                       : static_cast<int>(diskern::cuda_emulation::dynamic_shared_limit);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *total = std::size_t{1} << 32;
  *free = *total;
  const std::lock_guard<std::mutex> lock(allocations_mutex);
  for (const auto& [memory, bytes] : allocations) *free -= bytes;
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  const bool device = on_device(pointer, 1);
  *attributes = {device ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered, device ? 0 : -2};
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  std::size_t free = 0;
  std::size_t total = 0;
  cudaMemGetInfo(&free, &total);
  if (bytes > free) return keep(cudaErrorMemoryAllocation);
  *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256 + 256);
  if (*memory == nullptr) return keep(cudaErrorMemoryAllocation);
  std::memset(*memory, diskern::cuda_emulation::poison, bytes);
  const std::lock_guard<std::mutex> lock(allocations_mutex);
  allocations[*memory] = bytes;
  return cudaSuccess;
}
cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t) { return cudaMalloc(memory, bytes); }

cudaError_t cudaFree(void* memory) {
  if (memory == nullptr) return cudaSuccess;
  {
    const std::lock_guard<std::mutex> lock(allocations_mutex);
    const auto found = allocations.find(memory);
    if (found == allocations.end()) return keep(cudaErrorInvalidValue);
    std::memset(memory, diskern::cuda_emulation::poison, found->second);
    allocations.erase(found);
  }
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaFreeAsync(void* memory, cudaStream_t) { return cudaFree(memory); }

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t) {
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  if (bytes == 0) return cudaSuccess;
  if (from_device != on_device(from, bytes) || to_device != on_device(to, bytes)) return keep(cudaErrorInvalidValue);
  std::memmove(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t) {
  if (bytes != 0 && !on_device(memory, bytes)) return keep(cudaErrorInvalidValue);
  std::memset(memory, value, bytes);
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
