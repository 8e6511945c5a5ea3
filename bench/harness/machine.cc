#include "harness/machine.h"

#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "absl/strings/str_format.h"
#include "harness/support.h"

namespace moldau::bench {
namespace {

std::string FirstLine(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string FieldOf(const std::string& path, const std::string& name) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(name, 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string FileSystemOf(const std::string& path) {
  struct statfs info {};
  if (statfs(path.c_str(), &info) != 0) return "unknown";
  switch (info.f_type) {
    case 0xEF53:
      return "ext4";
    case 0x01021994:
      return "tmpfs";
    case 0x58465342:
      return "xfs";
    case 0x9123683E:
      return "btrfs";
    case 0x794c7630:
      return "overlayfs";
    default:
      return absl::StrFormat("0x%x", info.f_type);
  }
}

int64_t DirtyKib() {
  int64_t sum = 0;
  for (const char* name : {"Dirty:", "Writeback:"}) sum += std::atoll(FieldOf("/proc/meminfo", name).c_str());
  return sum;
}

struct Process {
  int64_t parent = 0;
  double ticks = 0;  // of the clock, that it and the children that it has waited for have used
};

Process Look(const std::string& pid) {
  Process process;
  const std::string line = FirstLine("/proc/" + pid + "/stat");
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return process;  // it has just ended
  std::istringstream fields(line.substr(name_end + 2));
  std::string skipped;
  int64_t user = 0, system = 0, child_user = 0, child_system = 0;
  fields >> skipped >> process.parent;
  for (int i = 0; i < 9; ++i) fields >> skipped;
  fields >> user >> system >> child_user >> child_system;
  process.ticks = static_cast<double>(user + system + child_user + child_system);
  return process;
}

// Seconds that all processes have used but this one, its descendants and the kernel's threads, and that the host has
// kept for others.
double OthersSeconds() {
  constexpr int64_t kKernelThreads = 2;
  std::map<int64_t, Process> processes;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") == std::string::npos) processes[std::atoll(pid.c_str())] = Look(pid);
  }
  const auto is_to_be_left_out = [&](int64_t pid) {
    while (pid != 0 && pid != getpid() && pid != kKernelThreads) {
      const auto process = processes.find(pid);
      pid = process == processes.end() ? 0 : process->second.parent;
    }
    return pid != 0;
  };
  double ticks = 0;
  for (const auto& [pid, process] : processes) {
    if (!is_to_be_left_out(pid)) ticks += process.ticks;
  }
  std::istringstream total(FirstLine("/proc/stat"));
  std::string field;
  constexpr int kSteal = 8;
  for (int i = 0; i <= kSteal; ++i) total >> field;
  return (ticks + std::atof(field.c_str())) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// Many short instructions that wait for nothing.
double ProbeSeconds() {
  constexpr int kReads = 50'000;
  return SecondsOf([] {
    timespec now;
    for (int i = 0; i < kReads; ++i) clock_gettime(CLOCK_REALTIME_COARSE, &now);
  });
}

}  // namespace

std::string HostLine(const std::string& path) {
  utsname kernel{};
  uname(&kernel);
  const std::string load = FirstLine("/proc/loadavg");
  return absl::StrFormat("host: %s, %d cores, Linux %s, %s, load %s", FieldOf("/proc/cpuinfo", "model name"),
                         std::thread::hardware_concurrency(), kernel.release, FileSystemOf(path),
                         load.substr(0, load.find(' ')));
}

void AwaitWriteBack() {
  constexpr int64_t kQuietKib = 16 << 10;
  sync();
  int64_t least = DirtyKib();
  for (int stuck = 0; least > kQuietKib && stuck < 50;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const int64_t now = DirtyKib();
    stuck = now < least ? 0 : stuck + 1;
    least = std::min(least, now);
  }
}

void Neighbours::Begin() {
  busy_ -= OthersSeconds();
  time_ -= NowSeconds();
}

void Neighbours::End() {
  time_ += NowSeconds();
  busy_ += OthersSeconds();
}

double Neighbours::Share() const { return busy_ / (time_ * std::thread::hardware_concurrency()); }

bool Pace::IsOurs() {
  constexpr int kLooks = 5;
  constexpr double kShared = 1.2;
  double seconds = ProbeSeconds();
  for (int i = 1; i < kLooks; ++i) seconds = std::min(seconds, ProbeSeconds());
  if (best_ == 0 || seconds < best_) best_ = seconds;
  return seconds < kShared * best_;
}

}  // namespace moldau::bench
