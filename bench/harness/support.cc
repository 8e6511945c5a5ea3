#include "harness/support.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>

namespace {

std::atomic<uint64_t> allocations{0};

void* Counted(size_t size, size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* const memory =
      alignment == 0 ? std::malloc(size) : std::aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

// Every allocation of the library goes through these. Out of line, because GCC 12 takes a free() that it inlined into a
// caller, whose operator new it did not inline, for a mismatch.
#define MOLDAU_COUNTED [[gnu::noinline]]
MOLDAU_COUNTED void* operator new(size_t size) { return Counted(size, 0); }
MOLDAU_COUNTED void* operator new(size_t size, std::align_val_t alignment) {
  return Counted(size, static_cast<size_t>(alignment));
}
MOLDAU_COUNTED void operator delete(void* memory) noexcept { std::free(memory); }
MOLDAU_COUNTED void operator delete(void* memory, size_t) noexcept { std::free(memory); }
MOLDAU_COUNTED void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
MOLDAU_COUNTED void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
#undef MOLDAU_COUNTED

namespace moldau::bench {
namespace {

std::string scratch_root = ".";

}  // namespace

void Die(std::string_view what) {
  std::fprintf(stderr, "moldau_bench: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

double NowSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Scratch::SetRoot(std::string root) { scratch_root = std::move(root); }

Scratch::Scratch() : path_(scratch_root + "/moldau_bench.XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) Die("cannot make a directory in " + scratch_root);
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

namespace {

std::unique_ptr<Broker> OpenIn(const Scratch& scratch) { return Must(Broker::Open({.data_dir = scratch.path()})); }

Topic MakeTopic(Broker& broker, Durability durability, uint64_t segment_bytes) {
  return Must(broker.CreateTopic(
      "bench", {.durability = durability, .config = {{"segment.bytes", std::to_string(segment_bytes)}}}));
}

}  // namespace

OneLog::OneLog(Durability durability, uint64_t segment_bytes)
    : broker(OpenIn(scratch)),
      topic(MakeTopic(*broker, durability, segment_bytes)),
      partition(Must(topic.partition(0))) {}

Messages::Messages(size_t size)
    : size_(size), mask_(std::bit_floor(kBytes / size) - 1), bytes_((mask_ + 1) * size, '\0') {
  Random random(7);
  for (char& byte : bytes_) byte = static_cast<char>(random.Next());
}

std::vector<Record> Messages::Records(size_t count) const {
  std::vector<Record> records(count);
  for (size_t i = 0; i < count; ++i) records[i].value = at(i);
  return records;
}

Counting::Counting() : begin_() { begin_ = For(0); }

Counters Counting::For(double records) const {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {.records = records,
          .allocations = static_cast<double>(allocations.load(std::memory_order_relaxed)) - begin_.allocations,
          .page_faults = static_cast<double>(usage.ru_minflt + usage.ru_majflt) - begin_.page_faults,
          .context_switches = static_cast<double>(usage.ru_nvcsw + usage.ru_nivcsw) - begin_.context_switches};
}

double MedianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string RunChildProcess(const std::string& name, const std::string& directory, bool is_killed) {
  int ends[2];
  if (pipe(ends) != 0) Die("cannot make a pipe");
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execl("/proc/self/exe", "moldau_bench", "--child", name.c_str(), directory.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::string output;
  char buffer[4096];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;) output.append(buffer, static_cast<size_t>(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  const bool as_expected =
      is_killed ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL : WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!as_expected) Die("the child \"" + name + "\" ended badly: " + output);
  return output;
}

}  // namespace moldau::bench
