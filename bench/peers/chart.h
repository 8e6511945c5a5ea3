// Draws how many times better Moldau is than its peers, as an SVG for the README.
//
// Threads: one.   Ownership: values.   Failure: as harness/support.h.
#pragma once

#include <string>
#include <vector>

namespace moldau::bench {

struct Bar {
  std::string what;    // "append, one record at a time"
  std::string peer;    // "Chronicle Queue"
  std::string ours;    // "14.2 M/s"
  std::string theirs;  // "3.4 M/s"
  double times = 1;    // better than the peer; below 1: worse
  bool noisy = false;
};

// On a logarithmic axis that begins at "as good as the peer".
void WriteChart(const std::string& path, const std::vector<Bar>& bars, const std::string& caption);

}  // namespace moldau::bench
