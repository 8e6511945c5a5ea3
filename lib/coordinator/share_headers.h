// What a queue does with the headers of moldau/queue_headers.h: it reads when a record may be handed out, and writes
// what became of one that nobody could work on.
//
// Threads: pure functions.   Ownership: as documented.   Failure: none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "moldau/queue_headers.h"
#include "moldau/record.h"
#include "moldau/types.h"

namespace moldau::coordinator {

// nullopt without the header, or if what it holds is no number.
[[nodiscard]] std::optional<Timestamp> NotBefore(const RecordView& record);

// A copy of a record with what is to be said about its end.
class DeadLetterRecord {
 public:
  DeadLetterRecord(const RecordView& record, std::string_view queue, const TopicPartition& source,
                   std::string_view reason, int deliveries);

  // Points into this object and into the record's memory. Its time is that of the append.
  [[nodiscard]] Record record() const;

 private:
  const RecordView record_;
  const std::string queue_;
  const std::string topic_;
  const std::string reason_;
  const std::string partition_;
  const std::string offset_;
  const std::string deliveries_;
  std::vector<Header> headers_;
};

}  // namespace moldau::coordinator
