#include "coordinator/share_headers.h"

#include <charconv>

namespace moldau::coordinator {
namespace {

bool TellsOfDeath(std::string_view key) {
  return key == kDeadLetterReasonHeader || key == kDeadLetterDeliveriesHeader || key == kDeadLetterQueueHeader ||
         key == kDeadLetterTopicHeader || key == kDeadLetterPartitionHeader || key == kDeadLetterOffsetHeader;
}

}  // namespace

std::optional<Timestamp> NotBefore(const RecordView& record) {
  for (const HeaderView& header : record.headers()) {
    if (header.key != kNotBeforeHeader) continue;
    int64_t ms = 0;
    const char* const end = header.value.data() + header.value.size();
    const auto [stop, error] = std::from_chars(header.value.data(), end, ms);
    if (error != std::errc() || stop != end) return std::nullopt;
    return Timestamp(std::chrono::milliseconds(ms));
  }
  return std::nullopt;
}

DeadLetterRecord::DeadLetterRecord(const RecordView& record, std::string_view queue, const TopicPartition& source,
                                   std::string_view reason, int deliveries)
    : record_(record),
      queue_(queue),
      topic_(source.topic),
      reason_(reason),
      partition_(std::to_string(source.partition)),
      offset_(std::to_string(record.offset())),
      deliveries_(std::to_string(deliveries)) {
  for (const HeaderView& header : record.headers()) {
    if (TellsOfDeath(header.key)) continue;  // an earlier one
    headers_.push_back({.key = header.key});
    if (header.has_value) headers_.back().value = header.value;
  }
  headers_.push_back({.key = kDeadLetterReasonHeader, .value = reason_});
  headers_.push_back({.key = kDeadLetterDeliveriesHeader, .value = deliveries_});
  headers_.push_back({.key = kDeadLetterQueueHeader, .value = queue_});
  headers_.push_back({.key = kDeadLetterTopicHeader, .value = topic_});
  headers_.push_back({.key = kDeadLetterPartitionHeader, .value = partition_});
  headers_.push_back({.key = kDeadLetterOffsetHeader, .value = offset_});
}

Record DeadLetterRecord::record() const {
  Record letter{.headers = headers_};
  if (record_.has_key()) letter.key = record_.key();
  if (record_.has_value()) letter.value = record_.value();
  return letter;
}

}  // namespace moldau::coordinator
