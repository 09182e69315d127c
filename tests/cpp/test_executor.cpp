#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/executor.hpp"
#include "base/processors.hpp"
#include "check.hpp"
#include "diskern/error.hpp"

using diskern::Context;
using diskern::InvalidArgument;
using diskern::parallel_for;

namespace {

constexpr int thread_counts[] = {1, 2, 3, 5, 8};

Context with_threads(int threads) {
  Context context;
  context.threads = threads;
  return context;
}

void sleep_milliseconds(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

}  // namespace

TEST(every_chunk_runs_exactly_once) {
  for (const int threads : thread_counts) {
    for (const std::size_t chunks : {0U, 1U, 2U, 7U, 1000U}) {
      std::vector<std::atomic<int>> calls(chunks);
      parallel_for(with_threads(threads), chunks, [&](std::size_t chunk) { calls[chunk].fetch_add(1); });
      for (const auto& count : calls) CHECK_EQUAL(count.load(), 1);
    }
  }
}

TEST(what_chunks_wrote_is_seen_afterwards) {
  // Plain memory, no atomics: the thread sanitizer objects if the end of a call does not order the writes.
  for (const int threads : thread_counts) {
    std::vector<double> values(5000);
    for (int repeat = 0; repeat < 20; ++repeat) {
      parallel_for(with_threads(threads), values.size(), [&](std::size_t i) { values[i] += static_cast<double>(i); });
    }
    bool right = true;
    for (std::size_t i = 0; i < values.size(); ++i) right = right && values[i] == 20.0 * static_cast<double>(i);
    CHECK(right);
  }
}

TEST(as_many_threads_as_asked_work_together) {
  for (const int threads : thread_counts) {
    std::mutex mutex;
    std::set<std::thread::id> seen;
    // Each chunk waits until the last one has begun: this ends only when all run at the same time.
    std::atomic<int> begun{0};
    std::atomic<bool> too_late{false};
    parallel_for(with_threads(threads), static_cast<std::size_t>(threads), [&](std::size_t) {
      {
        const std::lock_guard lock(mutex);
        seen.insert(std::this_thread::get_id());
      }
      begun.fetch_add(1);
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
      while (begun.load() < threads) {
        if (std::chrono::steady_clock::now() > end) {
          too_late = true;
          return;
        }
        std::this_thread::yield();
      }
    });
    CHECK(!too_late);
    CHECK_EQUAL(static_cast<int>(seen.size()), threads);
  }
}

TEST(never_more_threads_than_asked) {
  // Grow the pool first; a later call with fewer threads may not use them all.
  parallel_for(with_threads(8), 64, [](std::size_t) { sleep_milliseconds(1); });
  for (const int threads : thread_counts) {
    std::mutex mutex;
    std::set<std::thread::id> seen;
    parallel_for(with_threads(threads), 60, [&](std::size_t) {
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
    CHECK(static_cast<int>(seen.size()) <= threads);
  }
}

TEST(exception_of_the_lowest_chunk_is_rethrown) {
  for (const int threads : thread_counts) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      std::atomic<int> running{0};
      std::vector<std::atomic<int>> calls(200);
      std::string message;
      try {
        parallel_for(with_threads(threads), calls.size(), [&](std::size_t chunk) {
          running.fetch_add(1);
          calls[chunk].fetch_add(1);
          if (chunk % 10 == 7 && chunk > 30) {
            running.fetch_sub(1);
            throw std::runtime_error("chunk " + std::to_string(chunk));
          }
          running.fetch_sub(1);
        });
      } catch (const std::runtime_error& error) {
        message = error.what();
      }
      CHECK_EQUAL(message, std::string("chunk 37"));
      CHECK_EQUAL(running.load(), 0);
      for (std::size_t chunk = 0; chunk <= 37; ++chunk) CHECK_EQUAL(calls[chunk].load(), 1);
      for (std::size_t chunk = 38; chunk < calls.size(); ++chunk) CHECK(calls[chunk].load() <= 1);
    }
  }
  // The pool still works.
  std::atomic<int> count{0};
  parallel_for(with_threads(8), 100, [&](std::size_t) { count.fetch_add(1); });
  CHECK_EQUAL(count.load(), 100);
}

TEST(types_of_exceptions_survive) {
  CHECK_THROWS(parallel_for(with_threads(3), 9, [](std::size_t) { throw InvalidArgument("wrong"); }), InvalidArgument);
  CHECK_THROWS(parallel_for(with_threads(3), 9, [](std::size_t) { throw 42; }), int);
}

TEST(nested_calls_run_inline) {
  for (const int threads : thread_counts) {
    if (threads == 1) continue;
    std::atomic<int> inner{0};
    std::atomic<int> elsewhere{0};
    parallel_for(with_threads(threads), 16, [&](std::size_t) {
      const auto outer = std::this_thread::get_id();
      parallel_for(with_threads(threads), 8, [&](std::size_t) {
        inner.fetch_add(1);
        if (std::this_thread::get_id() != outer) elsewhere.fetch_add(1);
      });
    });
    CHECK_EQUAL(inner.load(), 16 * 8);
    CHECK_EQUAL(elsewhere.load(), 0);
  }
}

TEST(calls_from_several_user_threads_do_not_mix) {
  for (const int threads : thread_counts) {
    std::vector<std::thread> users;
    std::atomic<int> wrong{0};
    for (int user = 0; user < 4; ++user) {
      users.emplace_back([&, user] {
        for (int repeat = 0; repeat < 50; ++repeat) {
          const bool fails = user == 3 && repeat % 5 == 0;
          std::vector<int> seen(97);
          bool caught = false;
          try {
            parallel_for(with_threads(threads), seen.size(), [&](std::size_t chunk) {
              seen[chunk] += user + 1;
              if (fails && chunk == 50) throw std::runtime_error("user");
            });
          } catch (const std::runtime_error&) {
            caught = true;
          }
          if (caught != fails) wrong.fetch_add(1);
          if (fails) continue;
          for (const int value : seen) wrong.fetch_add(value == user + 1 ? 0 : 1);
        }
      });
    }
    for (std::thread& user : users) user.join();
    CHECK_EQUAL(wrong.load(), 0);
  }
}

TEST(little_work_stays_on_the_calling_thread) {
  const auto caller = std::this_thread::get_id();
  bool elsewhere = false;
  parallel_for(
      with_threads(8), 64, [&](std::size_t) { elsewhere = elsewhere || std::this_thread::get_id() != caller; }, 9e3);
  CHECK(!elsewhere);
}

TEST(workers_that_sleep_wake_up_again) {
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::atomic<int> count{0};
    parallel_for(with_threads(3), 30, [&](std::size_t) { count.fetch_add(1); });
    CHECK_EQUAL(count.load(), 30);
    sleep_milliseconds(repeat % 3);
  }
}

TEST(workers_leave_signals_to_the_program) {
  std::atomic<int> unblocked{0};
  const auto caller = std::this_thread::get_id();
  parallel_for(with_threads(4), 40, [&](std::size_t) {
    sleep_milliseconds(1);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    if (std::this_thread::get_id() != caller && sigismember(&mask, SIGINT) == 0) unblocked.fetch_add(1);
  });
  CHECK_EQUAL(unblocked.load(), 0);
}

// The thread sanitizer of GCC 12 cannot start threads in a forked child, nor can qemu-user 7.2 (an assertion of its own
// ends the child), so these two run without them.
#if !defined(__SANITIZE_THREAD__) && !defined(DISKERN_EMULATED)
TEST(a_forked_child_makes_a_pool_of_its_own) {
  const auto use_pool = [] {
    std::atomic<int> count{0};
    std::mutex mutex;
    std::set<std::thread::id> seen;
    parallel_for(with_threads(3), 60, [&](std::size_t) {
      sleep_milliseconds(1);
      count.fetch_add(1);
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
    return count.load() == 60 && seen.size() > 1;
  };
  CHECK(use_pool());
  // Fork while another thread keeps the pool (and its mutex) busy.
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop.load()) parallel_for(with_threads(3), 16, [](std::size_t) {});
  });
  for (int repeat = 0; repeat < 10; ++repeat) {
    const pid_t child = fork();
    if (child == 0) _exit(use_pool() ? 0 : 1);
    int status = -1;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (waitpid(child, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        break;
      }
      sleep_milliseconds(1);
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  stop = true;
  busy.join();
  CHECK(use_pool());
}

TEST(the_process_ends_while_workers_sleep) {
  const pid_t child = fork();
  if (child == 0) {
    parallel_for(with_threads(4), 40, [](std::size_t) { sleep_milliseconds(1); });
    std::exit(0);  // runs the destructors of statics, unlike _exit
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
#endif

TEST(negative_thread_count_is_an_error) {
  CHECK_THROWS(parallel_for(with_threads(-1), 3, [](std::size_t) {}), InvalidArgument);
}

TEST(environment_sets_the_number_of_threads) {
  setenv("OMP_NUM_THREADS", "3", 1);
  unsetenv("DISKERN_NUM_THREADS");
  CHECK_EQUAL(diskern::available_threads(), 3);
  setenv("DISKERN_NUM_THREADS", "5", 1);
  CHECK_EQUAL(diskern::available_threads(), 5);
  setenv("DISKERN_NUM_THREADS", "five", 1);
  CHECK_THROWS(diskern::available_threads(), InvalidArgument);
  unsetenv("DISKERN_NUM_THREADS");
  unsetenv("OMP_NUM_THREADS");
  CHECK(diskern::available_threads() >= 1);
  CHECK(diskern::available_threads() <= diskern::affinity_processors());
}

TEST(thread_variables_are_read_strictly_or_kindly) {
  CHECK_EQUAL(diskern::threads_from_own_variable(nullptr), 0);
  CHECK_EQUAL(diskern::threads_from_own_variable(""), 0);
  CHECK_EQUAL(diskern::threads_from_own_variable("7"), 7);
  for (const char* wrong : {"0", "-2", "2x", " 2", "99999999999", "5000"}) {
    CHECK_THROWS(diskern::threads_from_own_variable(wrong), InvalidArgument);
  }
  CHECK_EQUAL(diskern::threads_from_openmp_variable("4,2"), 4);
  CHECK_EQUAL(diskern::threads_from_openmp_variable(" 4 "), 4);
  for (const char* none : {"", "auto", "0", "-1", "4x"}) CHECK_EQUAL(diskern::threads_from_openmp_variable(none), 0);
  CHECK_EQUAL(diskern::threads_from_openmp_variable(nullptr), 0);
}

TEST(control_group_quotas_of_both_versions) {
  namespace fs = std::filesystem;
  const double none = std::numeric_limits<double>::infinity();
  const fs::path root = fs::temp_directory_path() / ("diskern_cgroup_" + std::to_string(getpid()));
  const auto write = [&](const std::string& path, const std::string& text) {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  };
  const auto quota = [&](const std::string& membership) {
    write("membership", membership);
    return diskern::cgroup_processors((root / "membership").string(), (root / "fs").string());
  };
  CHECK_EQUAL(diskern::cgroup_processors((root / "absent").string(), (root / "fs").string()), none);
  // Version 2: own limit, the parent's is tighter, a folder that is not visible inside the container.
  write("fs/a/b/cpu.max", "400000 100000\n");
  CHECK_EQUAL(quota("0::/a/b\n"), 4.0);
  write("fs/a/cpu.max", "150000 100000\n");
  CHECK_EQUAL(quota("0::/a/b\n"), 1.5);
  write("fs/a/cpu.max", "max 100000\n");
  CHECK_EQUAL(quota("0::/a/b\n"), 4.0);
  CHECK_EQUAL(quota("0::/elsewhere\n"), none);
  write("fs/cpu.max", "800000 100000\n");
  CHECK_EQUAL(quota("0::/elsewhere\n"), 8.0);
  CHECK_EQUAL(quota("0::/\n"), 8.0);
  // Version 1: -1 is no limit; the mount may carry both controllers' names.
  write("fs/cpu/job/cpu.cfs_quota_us", "-1\n");
  write("fs/cpu/job/cpu.cfs_period_us", "100000\n");
  CHECK_EQUAL(quota("5:memory:/job\n4:cpu:/job\n"), none);
  write("fs/cpu,cpuacct/job/cpu.cfs_quota_us", "250000\n");
  write("fs/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  CHECK_EQUAL(quota("4:cpu,cpuacct:/job\n3:cpuset:/job\n"), 2.5);
  CHECK_EQUAL(quota("nonsense\n\n4:cpuset\n"), none);
  fs::remove_all(root);
}

TEST(an_interruptible_loop_stops_between_slices) {
  struct After final : diskern::Monitor {
    int left = 0;
    bool interrupted() noexcept override { return left-- <= 0; }
  };
  for (const int threads : {1, 4}) {
    After monitor;
    Context context;
    context.threads = threads;
    context.monitor = &monitor;
    std::atomic<int> done{0};
    const auto body = [&](std::size_t) { done.fetch_add(1); };
    // The first slice is a chunk for every thread, whatever the caller estimates; where that was fast the second one has up
    // to sixteen times as many.
    monitor.left = 1;
    CHECK_THROWS(diskern::interruptible_for(context, 100, body, 100 * 50e6), diskern::Interrupted);
    CHECK_EQUAL(done.load(), threads);
    done = 0;
    monitor.left = 2;
    CHECK_THROWS(diskern::interruptible_for(context, 1000, body, 1000 * 50e6), diskern::Interrupted);
    CHECK(done.load() > threads && done.load() <= (1 + 16) * threads);
    // Chunks of 40 ms that the caller takes for short ones: one per thread at a time.
    done = 0;
    monitor.left = 3;
    const auto slow = [&](std::size_t) {
      std::this_thread::sleep_for(std::chrono::milliseconds(40));
      done.fetch_add(1);
    };
    CHECK_THROWS(diskern::interruptible_for(context, 64, slow, 6e6), diskern::Interrupted);
    CHECK_EQUAL(done.load(), 3 * threads);
    // Never interrupted: every chunk once, and the last slice is a short one.
    monitor.left = 1000;
    std::vector<int> count(101, 0);
    diskern::interruptible_for(
        context, 101, [&](std::size_t chunk) { ++count[chunk]; }, 101 * 50e6);
    for (const int one : count) CHECK_EQUAL(one, 1);
    // Short work does not ask.
    monitor.left = 0;
    done = 0;
    diskern::interruptible_for(context, 10, body, 1e6);
    CHECK_EQUAL(done.load(), 10);
  }
}

TEST(absurd_numbers_of_threads_are_refused) {
  Context context;
  context.threads = 4097;
  CHECK_THROWS(diskern::parallel_for(context, 4, [](std::size_t) {}), InvalidArgument);
}
