#include "base/executor.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <bit>
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
constexpr double serial_below_nanoseconds = 10e3;
// Growing small trees wakes the pool every 50 to 150 microseconds, and waking a sleeper costs 10 or more: with 20 two
// threads gained 1.2 times over one there, with 200 1.3 to 1.5.
constexpr auto spin_time = std::chrono::microseconds(200);
constexpr int awake_patience = 500;
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

// Locks the mutex without going to sleep for what others do under it, which is a few dozen instructions: a sleep and its
// waking cost 5 microseconds, more than a small job.
std::unique_lock<std::mutex> lock_soon(std::mutex& mutex) {
  for (int i = 0; i < 200; ++i) {
    if (mutex.try_lock()) return std::unique_lock(mutex, std::adopt_lock);
    relax();
  }
  return std::unique_lock(mutex);
}

// One call of parallel_for. Lives on the caller's stack; workers touch it only between joining and leaving, and the
// caller waits until nobody is left.
struct Job {
  const std::function<void(std::size_t)>* body;
  std::size_t chunks;
  std::size_t threads;
  // Few chunks have a bit each, and thread k begins with the chunks k, k + threads, ...: what it worked on in one call is
  // in its cache in the next. Many are claimed one after the other.
  static constexpr std::size_t few = 64;
  std::atomic<std::uint64_t> claimed{0};
  std::atomic<std::size_t> next{0};
  bool all_claimed() const noexcept {
    if (chunks > few) return next.load(std::memory_order_relaxed) >= chunks;
    return claimed.load(std::memory_order_relaxed) == ~std::uint64_t{0} >> (few - chunks);
  }
  // Every chunk below a failed one runs. Reporting the failure of the lowest chunk therefore reports what a serial run
  // would, for any number of threads.
  std::atomic<std::size_t> failed_chunk{no_chunk};
  std::exception_ptr failure{};  // guarded by the mutex of the pool, until nobody is left
  int open_places = 0;           // guarded by the mutex of the pool
  std::atomic<int> workers{0};   // written under the mutex of the pool
};

class Pool {
 public:
  void run(int threads, std::size_t chunks, const std::function<void(std::size_t)>& body) {
    const std::size_t members = std::min<std::size_t>(static_cast<std::size_t>(threads), chunks);
    Job job{&body, chunks, members};
    const auto helpers = static_cast<int>(members) - 1;
    if (helpers < most_gate_helpers && !gate_taken_.test_and_set(std::memory_order_acquire)) {
      run_at_gate(job, helpers);
      gate_taken_.clear(std::memory_order_release);
      if (job.failure) std::rethrow_exception(job.failure);
      return;
    }
    {
      const std::unique_lock lock = lock_soon(mutex_);
      grow(helpers);
      job.open_places = helpers;
      jobs_.push_back(&job);
      version_.fetch_add(1, std::memory_order_release);
      const int wake = std::min(helpers, parked_.load(std::memory_order_relaxed));
      for (int i = 0; i < wake; ++i) work_arrived_.notify_one();
    }
    inside_job = true;
    drain(job, 0);
    inside_job = false;
    {
      const std::unique_lock lock = lock_soon(mutex_);
      jobs_.erase(std::find(jobs_.begin(), jobs_.end(), &job));
    }
    spin([&] { return job.workers.load(std::memory_order_acquire) == 0; });
    {
      // Also after a successful spin: the last worker may still hold the mutex.
      std::unique_lock lock = lock_soon(mutex_);
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
    workers_.reserve(static_cast<std::size_t>(wanted));
    // Signals belong to the threads of the program.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      while (static_cast<int>(workers_.size()) < wanted) {
        const std::size_t index = workers_.size() + 1;
        workers_.emplace_back([this, index] { work(index); });
      }
    } catch (const std::exception&) {
      // No more threads to be had: the ones that exist, and the caller, do all chunks.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    n_workers_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
  }

  // The usual way: one job at a time, announced and joined through one word without a lock, which takes a few hundred
  // nanoseconds.
  //   bits 0 .. 14: workers that have joined, bit 15: whether more may, bits 16 .. 30: helpers, from bit 31: number of
  //   the job
  static constexpr int most_gate_helpers = 1 << 15;
  static constexpr std::uint64_t joined_mask = (std::uint64_t{1} << 15U) - 1;
  static constexpr std::uint64_t gate_open = std::uint64_t{1} << 15U;

  void run_at_gate(Job& job, int helpers) {
    if (n_workers_.load(std::memory_order_relaxed) < helpers) {
      const std::unique_lock lock = lock_soon(mutex_);
      grow(helpers);
    }
    gate_job_.store(&job, std::memory_order_relaxed);
    ++gate_number_;
    gate_.store((gate_number_ << 31U) | (static_cast<std::uint64_t>(helpers) << 16U) | gate_open,
                std::memory_order_seq_cst);
    // A worker counts itself as parked before it looks at the gate for the last time.
    int patience = awake_patience;
    if (parked_.load(std::memory_order_seq_cst) > 0) {
      patience = 0;
      const std::unique_lock lock = lock_soon(mutex_);
      version_.fetch_add(1, std::memory_order_release);
      work_arrived_.notify_all();
    }
    inside_job = true;
    drain(job, 0, patience);
    inside_job = false;
    gate_.fetch_and(~gate_open, std::memory_order_acq_rel);
    while (!spin([&] { return (gate_.load(std::memory_order_acquire) & joined_mask) == 0; })) std::this_thread::yield();
  }

  // Whether the gate is open for this worker and another job than the last.
  bool invited(std::uint64_t gate, std::size_t index, std::uint64_t last) const {
    return (gate & gate_open) != 0 && (gate >> 31U) != last && index <= ((gate >> 16U) & joined_mask);
  }

  // Works on the job at the gate, if there is one; no lock is held.
  void pass_gate(std::size_t index, std::uint64_t& last) {
    std::uint64_t gate = gate_.load(std::memory_order_acquire);
    while (invited(gate, index, last)) {
      if (!gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
      last = gate >> 31U;
      drain(*gate_job_.load(std::memory_order_relaxed), index);
      gate_.fetch_sub(1, std::memory_order_release);
      return;
    }
  }

  // member: 0 is the caller. patience: turns of waiting for the others before their chunks are taken.
  void drain(Job& job, std::size_t member, int patience = 0) {
    const auto leaves = [&] { return member > 0 && stopping_.load(std::memory_order_relaxed); };
    if (job.chunks > Job::few) {
      while (!leaves()) {
        const std::size_t chunk = job.next.fetch_add(1, std::memory_order_relaxed);
        if (chunk >= job.chunks) return;
        if (!run_chunk(job, chunk)) return;
      }
      return;
    }
    const std::uint64_t all = ~std::uint64_t{0} >> (Job::few - job.chunks);
    const auto claim = [&](std::size_t chunk) {
      const std::uint64_t bit = std::uint64_t{1} << chunk;
      return (job.claimed.fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
    };
    for (std::size_t chunk = member; chunk < job.chunks && !leaves(); chunk += job.threads) {
      if (claim(chunk)) run_chunk(job, chunk);
    }
    // What the others have not begun. One that is awake comes within a microsecond, and its data is in its cache.
    for (int i = 0; i < patience && job.claimed.load(std::memory_order_relaxed) != all; ++i) relax();
    while (!leaves()) {
      const std::uint64_t free = ~job.claimed.load(std::memory_order_relaxed) & all;
      if (free == 0) return;
      const auto chunk = static_cast<std::size_t>(std::countr_zero(free));
      if (claim(chunk)) run_chunk(job, chunk);
    }
  }

  // False when an earlier chunk has failed already.
  bool run_chunk(Job& job, std::size_t chunk) {
    if (chunk > job.failed_chunk.load(std::memory_order_relaxed)) return false;
    try {
      (*job.body)(chunk);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (chunk < job.failed_chunk.load(std::memory_order_relaxed)) {
        job.failed_chunk.store(chunk, std::memory_order_relaxed);
        job.failure = std::current_exception();
      }
    }
    return true;
  }

  Job* open_job() {
    for (Job* job : jobs_) {
      if (job->open_places > 0 && !job->all_claimed()) return job;
    }
    return nullptr;
  }

  void work(std::size_t index) {
    inside_job = true;
    std::uint64_t last = 0;  // number of the last job at the gate
    std::unique_lock lock(mutex_);
    while (!stopping_.load(std::memory_order_relaxed)) {
      if (Job* job = open_job()) {
        --job->open_places;
        job->workers.fetch_add(1, std::memory_order_relaxed);
        lock.unlock();
        drain(*job, index);
        lock = lock_soon(mutex_);
        if (job->workers.fetch_sub(1, std::memory_order_release) == 1) worker_left_.notify_all();
        continue;
      }
      const auto seen = version_.load(std::memory_order_relaxed);
      lock.unlock();
      // As long as jobs keep coming to the gate no lock is taken.
      bool arrived = true;
      while (version_.load(std::memory_order_acquire) == seen && arrived) {
        pass_gate(index, last);
        arrived = spin([&] {
          return version_.load(std::memory_order_acquire) != seen ||
                 invited(gate_.load(std::memory_order_acquire), index, last);
        });
      }
      lock = lock_soon(mutex_);
      if (arrived) continue;
      parked_.fetch_add(1, std::memory_order_seq_cst);
      work_arrived_.wait(lock, [&] {
        return version_.load(std::memory_order_relaxed) != seen ||
               invited(gate_.load(std::memory_order_seq_cst), index, last);
      });
      parked_.fetch_sub(1, std::memory_order_relaxed);
      if (invited(gate_.load(std::memory_order_relaxed), index, last)) {
        lock.unlock();
        pass_gate(index, last);
        lock = lock_soon(mutex_);
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable work_arrived_;
  std::condition_variable worker_left_;
  std::atomic<std::uint64_t> version_{0};  // grows with every job and at the end
  std::atomic<bool> stopping_{false};
  std::atomic<int> parked_{0};
  alignas(64) std::atomic<std::uint64_t> gate_{0};
  std::atomic<Job*> gate_job_{nullptr};
  std::atomic_flag gate_taken_ = ATOMIC_FLAG_INIT;
  std::uint64_t gate_number_ = 0;  // guarded by gate_taken_
  alignas(64) std::atomic<int> n_workers_{0};
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
  // Estimates may be wrong by orders of magnitude where the work depends on the data, so the first slice is a chunk for
  // every thread, and the time that it takes decides on the next one.
  constexpr double slice_nanoseconds = 1e8;
  constexpr double fewest_nanoseconds = 5e6;
  const int threads = context.threads > 0 ? context.threads : available_threads();
  const auto least = static_cast<std::size_t>(threads);
  if (context.monitor == nullptr || chunks <= least || work_nanoseconds < fewest_nanoseconds) {
    parallel_for(context, chunks, body, work_nanoseconds);
    return;
  }
  std::size_t slice = least;
  for (std::size_t first = 0; first < chunks;) {
    slice = std::max(slice, least);
    if (context.interrupted()) throw Interrupted();
    const std::size_t count = std::min(slice, chunks - first);
    const auto start = std::chrono::steady_clock::now();
    parallel_for(
        context, count, [&](std::size_t chunk) { body(first + chunk); },
        work_nanoseconds * static_cast<double>(count) / static_cast<double>(chunks));
    const double took = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
    first += count;
    // Well below the bound: the next chunks may be heavier ones.
    constexpr double most_growth = 16;
    slice = static_cast<std::size_t>(static_cast<double>(count) *
                                     std::min(most_growth, slice_nanoseconds / 4 / std::max(took, 1.0)));
  }
}

}  // namespace diskern
