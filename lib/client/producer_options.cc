#include "client/producer_options.h"

#include "client/problems.h"
#include "record/batch_builder.h"

namespace moldau::client {
namespace {

constexpr size_t kMinBatchBytes = 1 << 10;
constexpr size_t kMaxBatchBytes = size_t{64} << 20;

}  // namespace

absl::Status Validate(const ProducerOptions& options) {
  Problems problems("producer options");
  problems.Unless(options.linger.count() >= 0, "linger is %d ns, must be at least 0", options.linger.count());
  problems.Unless(options.batch_size_bytes >= kMinBatchBytes && options.batch_size_bytes <= kMaxBatchBytes,
                  "batch_size_bytes is %d, must be %d to %d", options.batch_size_bytes, kMinBatchBytes, kMaxBatchBytes);
  problems.Unless(options.buffer_memory_bytes >= options.batch_size_bytes,
                  "buffer_memory_bytes is %d, must be at least batch_size_bytes, %d", options.buffer_memory_bytes,
                  options.batch_size_bytes);
  problems.Unless(options.compression <= Compression::kZstd, "compression is %d, must be 0 to 4",
                  static_cast<int>(options.compression));
  problems.Unless(options.max_block.count() >= 0, "max_block is %d ns, must be at least 0", options.max_block.count());
  if (options.back_pressure == BackPressure::kGrow) {
    problems.Unless(options.max_buffer_memory_bytes >= options.buffer_memory_bytes,
                    "max_buffer_memory_bytes is %d, must be at least buffer_memory_bytes, %d",
                    options.max_buffer_memory_bytes, options.buffer_memory_bytes);
  }
  return problems.status();
}

}  // namespace moldau::client
