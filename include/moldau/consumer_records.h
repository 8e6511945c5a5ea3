// What a poll returns: records of one or more partitions, each a view into the mapped log.
//
//   for (const ConsumerRecord& record : records) Use(record.topic(), record.key(), record.value());
//
//   for (const PartitionRecords& part : records.partitions())          // or partition by partition
//     for (const RecordView& record : part) Use(part.partition(), record);
//
// Threads: plain data; iterating it from several threads at once is safe.   Ownership: pins the memory of its
// records, which
// are valid until it is destroyed; moving it keeps them valid. It may outlive consumer and broker.   Failure: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "moldau/fetched_records.h"
#include "moldau/record.h"
#include "moldau/types.h"

namespace moldau {

// An offset for each of some partitions.
using Offsets = std::map<TopicPartition, int64_t>;

// A record that knows where it came from.
class ConsumerRecord : public RecordView {
 public:
  ConsumerRecord(const RecordView& record, const TopicPartition* source) noexcept
      : RecordView(record), source_(source) {}

  [[nodiscard]] const std::string& topic() const noexcept { return source_->topic; }
  [[nodiscard]] int32_t partition() const noexcept { return source_->partition; }

 private:
  const TopicPartition* source_;
};

// Records of one partition, in order.
class PartitionRecords {
 public:
  using Iterator = FetchedRecords::Iterator;

  PartitionRecords(std::shared_ptr<const TopicPartition> source, std::shared_ptr<const FetchedRecords> records,
                   Iterator begin, Iterator end, int64_t next_offset) noexcept
      : source_(std::move(source)), records_(std::move(records)), begin_(begin), end_(end), next_offset_(next_offset) {}

  [[nodiscard]] const TopicPartition& partition() const noexcept { return *source_; }
  [[nodiscard]] const Iterator& begin() const noexcept { return begin_; }
  [[nodiscard]] const Iterator& end() const noexcept { return end_; }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }

  // What to commit once all of these are done.
  [[nodiscard]] int64_t next_offset() const noexcept { return next_offset_; }

 private:
  std::shared_ptr<const TopicPartition> source_;
  std::shared_ptr<const FetchedRecords> records_;  // pins what the iterators point into
  Iterator begin_;
  Iterator end_;
  int64_t next_offset_;
};

class [[nodiscard]] ConsumerRecords {
 public:
  class Iterator {
   public:
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = ConsumerRecord;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = ConsumerRecord;

    Iterator() noexcept = default;

    reference operator*() const noexcept { return {*at_, source_}; }
    Iterator& operator++() noexcept {
      ++at_;
      if (at_ == part_end_) [[unlikely]]
        EnterPart(part_ + 1);
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.at_ == b.at_; }

   private:
    friend class ConsumerRecords;
    Iterator(const PartitionRecords* parts, const PartitionRecords* end) noexcept : end_(end) { EnterPart(parts); }

    // No part is empty.
    void EnterPart(const PartitionRecords* part) noexcept {
      part_ = part;
      if (part == end_) {
        at_ = {};
        return;
      }
      at_ = part->begin();
      part_end_ = part->end();
      source_ = &part->partition();
    }

    PartitionRecords::Iterator at_;
    PartitionRecords::Iterator part_end_;
    const TopicPartition* source_ = nullptr;
    const PartitionRecords* part_ = nullptr;
    const PartitionRecords* end_ = nullptr;
  };

  // Nothing.
  ConsumerRecords() = default;
  // None of `parts` is empty.
  explicit ConsumerRecords(std::vector<PartitionRecords> parts) noexcept : parts_(std::move(parts)) {}

  ConsumerRecords(ConsumerRecords&&) noexcept = default;
  ConsumerRecords& operator=(ConsumerRecords&&) noexcept = default;
  ConsumerRecords(const ConsumerRecords&) = delete;
  ConsumerRecords& operator=(const ConsumerRecords&) = delete;

  [[nodiscard]] Iterator begin() const noexcept { return {parts_.data(), parts_.data() + parts_.size()}; }
  [[nodiscard]] Iterator end() const noexcept { return {}; }
  [[nodiscard]] bool empty() const noexcept { return parts_.empty(); }

  // The same by partition; a partition without records is not among them.
  [[nodiscard]] std::span<const PartitionRecords> partitions() const noexcept { return parts_; }

  // What to commit once all of these are done.
  [[nodiscard]] Offsets NextOffsets() const;

 private:
  std::vector<PartitionRecords> parts_;
};

inline Offsets ConsumerRecords::NextOffsets() const {
  Offsets offsets;
  for (const PartitionRecords& part : parts_) offsets[part.partition()] = part.next_offset();
  return offsets;
}

}  // namespace moldau
