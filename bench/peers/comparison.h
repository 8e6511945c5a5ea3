// One line of the table: a workload, the peer that does it too, and how many times better Moldau must be.
//
// Threads: one.   Ownership: values.   Failure: as harness/support.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/figure.h"

namespace moldau::bench {

// In what a side of a comparison is measured.
enum class Unit { kRate, kSeconds, kBytes };

struct Comparison {
  std::string figure;
  std::string what;  // for people
  std::string peer;  // its folder
  std::string workload;
  int64_t message_bytes = 100;
  int64_t records = 1;
  int64_t peer_records = 0;  // for a peer that is so slow that as many would take too long; 0: as many
  Unit measured_in = Unit::kRate;
  double must = 0;
  double aim = 0;

  // The workload is the whole life of a program, which both sides start anew each time.
  [[nodiscard]] bool has_own_program() const { return workload == "open" || workload == "memory"; }
  // What is a rate should be high, what is anything else low.
  [[nodiscard]] bool less_is_better() const { return measured_in != Unit::kRate; }
};

// In the order of the table.
std::vector<Comparison> Comparisons(const Scale& scale);

// The name of a peer for people.
std::string TitleOf(const std::string& peer);

}  // namespace moldau::bench
