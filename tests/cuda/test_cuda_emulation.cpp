// The emulated device itself: what it must get right, and the mistakes of kernels that it must find.
#include <cuda_runtime.h>

#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "check.hpp"
#include "launch.cuh"
#include "on_device.hpp"


namespace {

using diskern::cuda::launch;
using diskern::testing::OnDevice;

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

__global__ void block_sum(const int* in, long long* out, int n) {
  __shared__ int parts[32];
  int sum = 0;
  for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < n; i += static_cast<int>(gridDim.x * blockDim.x)) {
    sum += in[i];
  }
  for (unsigned distance = 16; distance > 0; distance /= 2) sum += __shfl_down_sync(0xffffffffU, sum, distance);
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x != 0) return;
  long long total = 0;
  for (unsigned warp = 0; warp < blockDim.x / 32; ++warp) total += parts[warp];
  atomicAdd(out, total);
}

__global__ void reverse(const int* in, int* out, bool with_barrier) {
  DISKERN_DYNAMIC_SHARED(int, staged);
  staged[threadIdx.x] = in[threadIdx.x];
  if (with_barrier) __syncthreads();
  out[threadIdx.x] = staged[blockDim.x - 1 - threadIdx.x];
}

__global__ void partial_warp(int* out) {
  if (threadIdx.x < 16) __syncwarp();
  out[threadIdx.x] = 1;
}

__global__ void partial_exchange(int* out) {
  if (threadIdx.x == 3) {
    __syncthreads();
  } else {
    __syncwarp();
  }
  out[threadIdx.x] = 1;
}

__global__ void exchanges(int* out) {
  const auto lane = static_cast<int>(threadIdx.x);
  out[lane] = __shfl_sync(0xffffffffU, lane, 5);
  out[32 + lane] = __shfl_xor_sync(0xffffffffU, lane, 3);
  out[64 + lane] = __shfl_up_sync(0xffffffffU, lane, 2);
  out[96 + lane] = __shfl_down_sync(0xffffffffU, lane, 2, 8);
  out[128 + lane] = __popc(__ballot_sync(0xffffffffU, lane % 3 == 0));
  out[160 + lane] = __shfl_sync(0xffffffffU, lane, 1, 8);
  // Halves of a warp go their own ways.
  const unsigned mask = lane < 16 ? 0x0000ffffU : 0xffff0000U;
  int sum = lane;
  for (int i = 0; i < (lane < 16 ? 4 : 2); ++i) sum += __shfl_xor_sync(mask, sum, 1 << i);
  out[192 + lane] = sum;
  out[224 + lane] = __syncthreads_count(lane < 7);
}

__global__ void nothing() {}

}  // namespace

TEST(sums_over_warps_blocks_and_grids) {
  std::vector<int> in(100'003);
  long long expected = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    in[i] = static_cast<int>(i % 7);
    expected += in[i];
  }
  const OnDevice<int> there(in);
  const OnDevice<long long> out(std::vector<long long>{0});
  launch("block_sum", block_sum, 13, 256, 0, nullptr, there.data(), out.data(), static_cast<int>(in.size()));
  CHECK(out.host()[0] == expected);
}

TEST(lanes_exchange_as_the_programming_guide_says) {
  const OnDevice<int> out(256);
  launch("exchanges", exchanges, 1, 32, 0, nullptr, out.data());
  const std::vector<int> seen = out.host();
  for (int lane = 0; lane < 32; ++lane) {
    const auto at = [&](int row) { return seen[static_cast<std::size_t>(row * 32 + lane)]; };
    CHECK(at(0) == 5);
    CHECK(at(1) == (lane ^ 3));
    CHECK(at(2) == (lane < 2 ? lane : lane - 2));
    CHECK(at(3) == (lane % 8 < 6 ? lane + 2 : lane));
    CHECK(at(4) == 11);
    CHECK(at(5) == lane / 8 * 8 + 1);
    CHECK(at(6) == (lane < 16 ? 120 : 4 * (lane / 4 * 4) + 6));
    CHECK(at(7) == 7);
  }
}

TEST(a_missing_barrier_shows) {
  std::vector<int> in(256);
  for (int i = 0; i < 256; ++i) in[static_cast<std::size_t>(i)] = i;
  const OnDevice<int> there(in);
  const OnDevice<int> out(256);
  launch("reverse", reverse, 1, 256, 256 * sizeof(int), nullptr, there.data(), out.data(), true);
  const std::vector<int> right = out.host();
  for (int i = 0; i < 256; ++i) CHECK(right[static_cast<std::size_t>(i)] == 255 - i);
  launch("reverse", reverse, 1, 256, 256 * sizeof(int), nullptr, there.data(), out.data(), false);
  CHECK(out.host() != right);
}

TEST(threads_that_wait_for_ever_are_an_error) {
  const OnDevice<int> out(32);
  CHECK(!message_of([&] { launch("partial_warp", partial_warp, 1, 32, 0, nullptr, out.data()); }).empty());
  CHECK(message_of([&] { launch("partial", partial_exchange, 1, 32, 0, nullptr, out.data()); }).find("never come") !=
        std::string::npos);
  launch("nothing", nothing, 1, 32, 0, nullptr);  // and the device works again
}

TEST(impossible_launches_are_errors) {
  CHECK(!message_of([] { launch("nothing", nothing, 1, 1025, 0, nullptr); }).empty());
  CHECK(!message_of([] { launch("nothing", nothing, 0, 32, 0, nullptr); }).empty());
  CHECK(!message_of([] { launch("nothing", nothing, 1, 32, std::size_t{1} << 20, nullptr); }).empty());
}

TEST(copies_know_which_memory_is_whose) {
  const OnDevice<int> there(4);
  int host[4] = {1, 2, 3, 4};
  CHECK(cudaMemcpyAsync(there.data(), host, sizeof host, cudaMemcpyHostToDevice, nullptr) == cudaSuccess);
  CHECK(cudaMemcpyAsync(there.data(), host, sizeof host, cudaMemcpyDeviceToHost, nullptr) == cudaErrorInvalidValue);
  CHECK(cudaMemcpyAsync(host, host, sizeof host, cudaMemcpyDeviceToHost, nullptr) == cudaErrorInvalidValue);
  // four ints and the spare byte of OnDevice
  CHECK(cudaMemsetAsync(there.data(), 0, sizeof host + 2, nullptr) == cudaErrorInvalidValue);
  void* memory = nullptr;
  CHECK(cudaMalloc(&memory, std::size_t{1} << 40) == cudaErrorMemoryAllocation);
  CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
  CHECK(cudaGetLastError() == cudaSuccess);
  CHECK(diskern::cuda_backend()->device_of(there.data()) == 0);
  CHECK(diskern::cuda_backend()->device_of(host) == -1);
}
