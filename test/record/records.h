// Records that own their bytes, so that tests can make them, encode them and compare what comes back.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "moldau/record.h"
#include "moldau/record/record_view.h"
#include "record/batch_encoder.h"

namespace moldau::test {

inline Timestamp At(int64_t ms) { return Timestamp(std::chrono::milliseconds(ms)); }
inline int64_t MillisecondsOf(Timestamp time) { return time.time_since_epoch().count(); }

struct OwnedHeader {
  std::string key;
  std::optional<std::string> value;
  bool operator==(const OwnedHeader&) const = default;
};

struct OwnedRecord {
  int64_t timestamp = -1;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<OwnedHeader> headers;
  bool operator==(const OwnedRecord&) const = default;
};

inline std::string Shown(const std::optional<std::string>& bytes) {
  if (!bytes) return "null";
  return bytes->size() <= 20 ? '"' + *bytes + '"'
                             : '"' + bytes->substr(0, 20) + "\"… (" + std::to_string(bytes->size()) + ')';
}

inline std::ostream& operator<<(std::ostream& out, const OwnedRecord& record) {
  out << '{' << record.timestamp << ", " << Shown(record.key) << ", " << Shown(record.value);
  for (const OwnedHeader& header : record.headers) out << ", " << header.key << '=' << Shown(header.value);
  return out << '}';
}

inline OwnedRecord Own(const record::RecordView& view) {
  OwnedRecord record{.timestamp = MillisecondsOf(view.timestamp())};
  if (view.has_key()) record.key = view.key();
  if (view.has_value()) record.value = view.value();
  for (const record::HeaderView& header : view.headers()) {
    record.headers.push_back({std::string(header.key), {}});
    if (header.has_value) record.headers.back().value = header.value;
  }
  return record;
}

template <typename Range>
std::vector<OwnedRecord> OwnAll(const Range& views) {
  std::vector<OwnedRecord> records;
  for (const record::RecordView& view : views) records.push_back(Own(view));
  return records;
}

// The same records as the encoder takes them; borrows, so the owned ones must stay.
class Borrowed {
 public:
  explicit Borrowed(const std::vector<OwnedRecord>& records) : headers_(records.size()) {
    for (size_t i = 0; i < records.size(); ++i) {
      for (const OwnedHeader& header : records[i].headers) headers_[i].push_back({header.key, header.value});
      records_.push_back({.key = records[i].key,
                          .value = records[i].value,
                          .headers = headers_[i],
                          .timestamp = At(records[i].timestamp)});
    }
  }
  [[nodiscard]] auto begin() const { return records_.begin(); }
  [[nodiscard]] auto end() const { return records_.end(); }

 private:
  std::vector<std::vector<Header>> headers_;
  std::vector<Record> records_;
};

inline std::vector<std::byte> Encode(const std::vector<OwnedRecord>& records, const record::BatchFields& fields = {}) {
  const Borrowed borrowed(records);
  std::vector<std::byte> bytes(record::EncodedSizeBound(borrowed));
  bytes.resize(record::EncodeBatch(borrowed, fields, bytes.data()));
  return bytes;
}

// A small batch with a bit of everything.
inline std::vector<OwnedRecord> SomeRecords() {
  return {
      {.timestamp = 1000, .key = "alice", .value = "espresso"},
      {.timestamp = 990, .key = std::nullopt, .value = "flat white"},
      {.timestamp = 1500, .key = "bob", .value = std::nullopt},
      {.timestamp = 1000, .key = "", .value = "", .headers = {{"trace", "abc"}, {"nothing", std::nullopt}, {"", ""}}}};
}

}  // namespace moldau::test
