// The machine that a run was measured on, and what else it did meanwhile.
//
// Threads: one.   Ownership: values.   Failure: what cannot be read counts as nothing.
#pragma once

#include <string>

namespace moldau::bench {

// CPU, cores, kernel, file system of `path`, load.
[[nodiscard]] std::string HostLine(const std::string& path);

// Waits until what was written has reached the disk, as long as the disk makes progress.
void AwaitWriteBack();

// Watches other processes from its construction on.
class Neighbours {
 public:
  Neighbours();
  // Their share of the machine's processor time, with what the host took away.
  [[nodiscard]] double Share() const;

 private:
  double begin_busy_;
  double begin_time_;
};

}  // namespace moldau::bench
