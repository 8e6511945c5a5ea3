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

// Watches other processes while figures are measured.
class Neighbours {
 public:
  void Begin();
  void End();
  // Their share of the machine's processor time between all Begins and Ends, with what the host took away.
  [[nodiscard]] double Share() const;

 private:
  double busy_ = 0;
  double time_ = 0;
};

// How fast the processor gets through instructions, apart from memory and disk. Where a core has two threads and a
// neighbour, perhaps in another machine of the same host, takes the other one, this halves while nothing shows in any
// statistics; what is bound by latency, as most floors are, hardly notices.
class Pace {
 public:
  // Whether the core is ours alone at this moment, by the best pace that has been seen so far.
  [[nodiscard]] bool IsOurs();

 private:
  double best_ = 0;  // seconds of the probe; 0: not known yet
};

}  // namespace moldau::bench
