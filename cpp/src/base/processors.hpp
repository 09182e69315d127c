#pragma once
// How many processors this process may use. The parts that read the system take their sources as arguments, so that
// tests can hand them a made-up system.

#include <string>

namespace diskern {

// Processors in the affinity mask of the calling thread; at least 1.
int affinity_processors();

// The tightest CPU quota, in processors, of the control groups (version 1 or 2) that the file `membership`
// (/proc/self/cgroup) lists, looked for below `root` (/sys/fs/cgroup); infinity when there is none.
double cgroup_processors(const std::string& membership, const std::string& root);

// A thread count from the environment; nullptr or empty: 0. DISKERN_NUM_THREADS must be a positive integer
// (InvalidArgument); OMP_NUM_THREADS belongs to OpenMP: its first number counts, and text that is none is no opinion.
int threads_from_own_variable(const char* text);
int threads_from_openmp_variable(const char* text);

}  // namespace diskern
