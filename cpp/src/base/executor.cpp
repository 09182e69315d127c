#include "base/executor.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/device.hpp"
#include "base/processors.hpp"
#include "diskern/error.hpp"

namespace diskern {

namespace {

constexpr int largest_thread_count = 4096;  // as for DISKERN_NUM_THREADS
constexpr double serial_below_nanoseconds = 30e3;
// Growing small trees wakes the pool every 50 to 150 microseconds, and waking a sleeper costs 10 or more: with 20 two
// threads gained 1.2 times over one there, with 200 1.3 to 1.5.
constexpr auto spin_time = std::chrono::microseconds(200);
constexpr std::size_t no_chunk = std::numeric_limits<std::size_t>::max();

// True on pool workers and on a caller while it works on its own job: a nested call then runs inline.
thread_local bool inside_job = false;

inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits a short while for ready(), without the cost of a sleep; tells whether it came.
template <class Ready>
bool spin(Ready ready) {
  const auto end = std::chrono::steady_clock::now() + spin_time;
  do {
    for (int i = 0; i < 32; ++i) {
      if (ready()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

// One call of parallel_for. Lives on the caller's stack; workers touch it only between joining and leaving, which both
// happen under the mutex of the pool, and the caller waits until nobody is left.
struct Job {
  const std::function<void(std::size_t)>* body;
  std::size_t chunks;
  std::atomic<std::size_t> next{0};
  // Chunks are claimed in ascending order, so every chunk below a failed one runs. Reporting the failure of the lowest
  // chunk therefore reports what a serial run would, for any number of threads.
  std::atomic<std::size_t> failed_chunk{no_chunk};
  std::exception_ptr failure{};  // guarded by the mutex of the pool, until nobody is left
  int open_places = 0;           // guarded by the mutex of the pool
  std::atomic<int> workers{0};   // written under the mutex of the pool
};

class Pool {
 public:
  void run(int threads, std::size_t chunks, const std::function<void(std::size_t)>& body) {
    Job job{&body, chunks};
    const auto helpers = static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(threads), chunks)) - 1;
    {
      const std::lock_guard lock(mutex_);
      grow(helpers);
      job.open_places = helpers;
      jobs_.push_back(&job);
      version_.fetch_add(1, std::memory_order_release);
      const int wake = std::min(helpers, parked_);
      for (int i = 0; i < wake; ++i) work_arrived_.notify_one();
    }
    inside_job = true;
    drain(job, false);
    inside_job = false;
    {
      const std::lock_guard lock(mutex_);
      jobs_.erase(std::find(jobs_.begin(), jobs_.end(), &job));
    }
    spin([&] { return job.workers.load(std::memory_order_acquire) == 0; });
    {
      // Also after a successful spin: the last worker may still hold the mutex.
      std::unique_lock lock(mutex_);
      worker_left_.wait(lock, [&] { return job.workers.load(std::memory_order_relaxed) == 0; });
    }
    if (job.failure) std::rethrow_exception(job.failure);
  }

  // At the end of the process: workers leave after the chunk that they are on, callers finish alone.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_.store(true, std::memory_order_relaxed);
      version_.fetch_add(1, std::memory_order_release);
    }
    work_arrived_.notify_all();
    for (std::thread& worker : workers_) {
      if (worker.get_id() == std::this_thread::get_id()) {
        worker.detach();  // a body called exit
      } else {
        worker.join();
      }
    }
    workers_.clear();
  }

  Pool* previous = nullptr;  // pools of the processes that this one was forked from

 private:
  void grow(int wanted) {
    if (stopping_.load(std::memory_order_relaxed)) return;
    if (static_cast<int>(workers_.size()) >= wanted) return;
    // Signals belong to the threads of the program.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      while (static_cast<int>(workers_.size()) < wanted) workers_.emplace_back([this] { work(); });
    } catch (const std::exception&) {
      // No more threads to be had: the ones that exist, and the caller, do all chunks.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void drain(Job& job, bool is_worker) {
    while (!(is_worker && stopping_.load(std::memory_order_relaxed))) {
      const std::size_t chunk = job.next.fetch_add(1, std::memory_order_relaxed);
      if (chunk >= job.chunks) return;
      if (chunk > job.failed_chunk.load(std::memory_order_relaxed)) return;
      try {
        (*job.body)(chunk);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (chunk < job.failed_chunk.load(std::memory_order_relaxed)) {
          job.failed_chunk.store(chunk, std::memory_order_relaxed);
          job.failure = std::current_exception();
        }
      }
    }
  }

  Job* open_job() {
    for (Job* job : jobs_) {
      if (job->open_places > 0 && job->next.load(std::memory_order_relaxed) < job->chunks) return job;
    }
    return nullptr;
  }

  void work() {
    inside_job = true;
    std::unique_lock lock(mutex_);
    while (!stopping_.load(std::memory_order_relaxed)) {
      if (Job* job = open_job()) {
        --job->open_places;
        job->workers.fetch_add(1, std::memory_order_relaxed);
        lock.unlock();
        drain(*job, true);
        lock.lock();
        if (job->workers.fetch_sub(1, std::memory_order_release) == 1) worker_left_.notify_all();
        continue;
      }
      const auto seen = version_.load(std::memory_order_relaxed);
      lock.unlock();
      const bool arrived = spin([&] { return version_.load(std::memory_order_acquire) != seen; });
      lock.lock();
      if (arrived) continue;
      ++parked_;
      work_arrived_.wait(lock, [&] { return version_.load(std::memory_order_relaxed) != seen; });
      --parked_;
    }
  }

  std::mutex mutex_;
  std::condition_variable work_arrived_;
  std::condition_variable worker_left_;
  std::atomic<std::uint64_t> version_{0};  // grows with every job and at the end
  std::atomic<bool> stopping_{false};
  int parked_ = 0;
  std::vector<Job*> jobs_;
  std::vector<std::thread> workers_;
};

std::atomic<Pool*> current_pool{nullptr};
Pool* abandoned_pools = nullptr;

Pool& pool() {
  Pool* existing = current_pool.load(std::memory_order_acquire);
  if (existing != nullptr) return *existing;
  // No lock: a lock held by another thread while this process forks would stay locked in the child for ever.
  Pool* created = new Pool;
  if (current_pool.compare_exchange_strong(existing, created, std::memory_order_acq_rel, std::memory_order_acquire)) {
    return *created;
  }
  delete created;
  return *existing;
}

// Only the forking thread lives on in the child, and the mutex of the pool may be held by one that does not. The old
// pool is kept (its memory may not be touched) and the child makes a new one when it needs one.
void forget_pool_in_child() {
  Pool* old = current_pool.exchange(nullptr, std::memory_order_relaxed);
  if (old == nullptr) return;
  old->previous = abandoned_pools;
  abandoned_pools = old;
}

struct Lifetime {
  Lifetime() { pthread_atfork(nullptr, nullptr, forget_pool_in_child); }
  ~Lifetime() {
    if (Pool* existing = current_pool.load(std::memory_order_acquire)) existing->stop();
  }
  Lifetime(const Lifetime&) = delete;
  Lifetime& operator=(const Lifetime&) = delete;
};
const Lifetime lifetime;

}  // namespace

int available_threads() {
  if (const int own = threads_from_own_variable(std::getenv("DISKERN_NUM_THREADS"))) return own;
  if (const int openmp = threads_from_openmp_variable(std::getenv("OMP_NUM_THREADS"))) return openmp;
  static const double quota = cgroup_processors("/proc/self/cgroup", "/sys/fs/cgroup");
  const int processors = affinity_processors();
  // Rounded down: a quota of 1.5 processors is used up by two busy threads long before the period ends.
  return quota < processors ? std::max(1, static_cast<int>(std::floor(quota))) : processors;
}

void parallel_for(const Context& context, std::size_t chunks, const std::function<void(std::size_t)>& body,
                  double work_nanoseconds) {
  if (context.threads < 0) {
    throw InvalidArgument("threads must be 0 (all that the process may use) or a positive number, got " +
                          std::to_string(context.threads));
  }
  if (context.threads > largest_thread_count) {
    throw InvalidArgument("threads must be at most " + std::to_string(largest_thread_count) + ", got " +
                          std::to_string(context.threads));
  }
  if (context.device != Device::cpu) {
    require_device(context);
    throw DeviceError("the context asks for device 'cuda', but this work has no CUDA kernel; expected device 'cpu'");
  }
  if (chunks == 0) return;
  if (chunks > 1 && context.threads != 1 && !inside_job && work_nanoseconds >= serial_below_nanoseconds) {
    const int threads = context.threads == 0 ? available_threads() : context.threads;
    if (threads > 1) {
      pool().run(threads, chunks, body);
      return;
    }
  }
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) body(chunk);
}

void interruptible_for(const Context& context, std::size_t chunks, const std::function<void(std::size_t)>& body,
                       double work_nanoseconds) {
  constexpr double slice_nanoseconds = 1e8;
  const int threads = context.threads > 0 ? context.threads : available_threads();
  const double slices = work_nanoseconds / (slice_nanoseconds * threads);
  if (context.monitor == nullptr || !(slices > 1.0)) {
    parallel_for(context, chunks, body, work_nanoseconds);
    return;
  }
  // At least a chunk for every thread.
  const auto slice =
      std::max(static_cast<std::size_t>(static_cast<double>(chunks) / slices), static_cast<std::size_t>(threads));
  for (std::size_t first = 0; first < chunks; first += slice) {
    if (context.interrupted()) throw Interrupted();
    const std::size_t count = std::min(slice, chunks - first);
    parallel_for(
        context, count, [&](std::size_t chunk) { body(first + chunk); },
        work_nanoseconds * static_cast<double>(count) / static_cast<double>(chunks));
  }
}

}  // namespace diskern
