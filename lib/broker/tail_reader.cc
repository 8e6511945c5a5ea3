#include "broker/tail_reader.h"

#include "broker/with_log.h"
#include "log/decode_slice.h"

namespace moldau {

TailReader::TailReader(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
TailReader::TailReader(TailReader&&) noexcept = default;
TailReader& TailReader::operator=(TailReader&&) noexcept = default;
TailReader::~TailReader() = default;

absl::StatusOr<FetchedRecords> TailReader::Next(std::chrono::nanoseconds timeout) {
  State& state = *state_;
  broker::Environment& environment = state.partition->environment();
  return broker::WithLog(*state.partition, [&](log::Log& log) -> absl::StatusOr<FetchedRecords> {
    const int64_t from = state.cursor.offset;
    absl::StatusOr<log::LogSlice> slice = log.Read(state.cursor, state.options.max_bytes);
    if (slice.ok() && slice->bytes.empty() && timeout.count() > 0) {
      const MonoTime deadline = DeadlineAfter(environment.clock(), timeout);
      slice = log.ReadWait(state.cursor, state.options.max_bytes, deadline, state.options.wait);
    }
    if (!slice.ok()) return std::move(slice).status();
    if (!slice->bytes.empty()) state.meter.Count(slice->bytes.size());
    // Who sleeps before the next record comes does not keep a file open meanwhile.
    if (state.options.wait != WaitStrategy::kSpin) log.Rest(state.cursor);
    return log::DecodeSlice(*std::move(slice), from, environment.memory());
  });
}

int64_t TailReader::position() const noexcept { return state_->cursor.offset; }

}  // namespace moldau
