// What a test makes the disk of its broker do wrong: the n-th operation of some kind fails, or takes its time.
//
//   broker.Inject({.kind = storage::OperationKind::kFlush, .error = absl::DataLossError("bad sector")});
//   broker.Inject({.path = "orders-0", .after = 10, .times = 3, .delay = 200ms});
//
// Threads: plain values.   Ownership: none.   Failure: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "moldau/storage/memory_storage.h"

namespace moldau::testing {

struct Fault {
  static constexpr uint64_t kAlways = std::numeric_limits<uint64_t>::max();

  // Which operations it is about: of this kind (unset: any), on paths that contain this (empty: all).
  std::optional<storage::OperationKind> kind;
  std::string path;

  // Lets this many of them pass, then strikes so many times.
  uint64_t after = 0;
  uint64_t times = 1;

  // What becomes of an operation that it strikes: it takes so long on the broker's clock, and then answers `error`
  // without having had an effect. OK: it is late, and does what it should.
  std::chrono::nanoseconds delay{0};
  absl::Status error;
};

}  // namespace moldau::testing
