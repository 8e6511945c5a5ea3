#include "contest.h"

#include "absl/strings/str_format.h"
#include "harness/machine.h"
#include "harness/support.h"
#include "moldau.h"

namespace moldau::bench {

Program& Programs::Of(const std::string& peer) {
  std::unique_ptr<Program>& program = programs_[peer];
  if (program == nullptr) program = std::make_unique<Program>(std::vector<std::string>{PathOf(peer)});
  return *program;
}

Contest::Contest(Comparison comparison, Programs* programs) : comparison_(std::move(comparison)), programs_(programs) {}

double Contest::RunFirstRecord(std::vector<std::string> command, Side& side) {
  const Scratch scratch;
  command.insert(command.end(), {"--first", scratch.path() + "/data"});
  const FirstRecord first = StartAndRead(std::move(command));
  if (comparison_.workload == "open") return first.seconds;
  side.file_bytes = first.file_bytes;
  return first.own_bytes;
}

double Contest::RunOurs() {
  if (comparison_.has_own_program()) return RunFirstRecord({"/proc/self/exe"}, ours_);
  return RunMoldau(
      {.workload = comparison_.workload, .message_bytes = comparison_.message_bytes, .records = comparison_.records});
}

double Contest::RunTheirs() {
  if (comparison_.has_own_program()) return RunFirstRecord({programs_->PathOf(comparison_.peer)}, theirs_);
  const Scratch scratch;
  return programs_->Of(comparison_.peer)
      .Run({.workload = comparison_.workload,
            .directory = scratch.path() + "/data",
            .message_bytes = comparison_.message_bytes,
            .records = comparison_.peer_records == 0 ? comparison_.records : comparison_.peer_records});
}

Sample Contest::Measure() {
  const auto take_turns = [&]() -> std::pair<double, double> {
    double ours = 0;
    const bool begin = ours_.values.size() % 2 == 0;
    if (begin) ours = RunOurs();
    if (begin) AwaitWriteBack();
    const double theirs = RunTheirs();
    AwaitWriteBack();
    if (!begin) ours = RunOurs();
    return {ours, theirs};
  };
  if (!warm_) take_turns();
  warm_ = true;
  const auto [ours, theirs] = take_turns();
  ours_.values.push_back(ours);
  theirs_.values.push_back(theirs);
  return {.value = ours / theirs};
}

Figure Contest::figure() {
  return {.name = comparison_.figure,
          .what = comparison_.what,
          .must = comparison_.must,
          .aim = comparison_.aim,
          .less_is_better = comparison_.less_is_better(),
          .measure = [this] { return Measure(); }};
}

std::string Contest::Show(const Side& side) const {
  constexpr double kMib = 1 << 20;
  const double value = MedianOf(side.values);
  switch (comparison_.measured_in) {
    case Unit::kRate:
      return value < 1e6 ? absl::StrFormat("%.0f k/s", value / 1e3) : absl::StrFormat("%.2f M/s", value / 1e6);
    case Unit::kSeconds:
      return value < 1e-3 ? absl::StrFormat("%.2f us", value * 1e6) : absl::StrFormat("%.1f ms", value * 1e3);
    case Unit::kBytes:
      break;
  }
  return absl::StrFormat("%.1f MiB (files: %.1f)", value / kMib, side.file_bytes / kMib);
}

}  // namespace moldau::bench
