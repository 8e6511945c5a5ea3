#include "broker/read_meter.h"

namespace moldau::broker {

void ReadMeter::AddReader(Reader& reader) {
  base::MutexLock lock(mutex_);
  reader.next_ = first_;
  reader.link_ = &first_;
  if (first_ != nullptr) first_->link_ = &reader.next_;
  first_ = &reader;
}

void ReadMeter::RemoveReader(Reader& reader) {
  base::MutexLock lock(mutex_);
  *reader.link_ = reader.next_;
  if (reader.next_ != nullptr) reader.next_->link_ = reader.link_;
  // Under the lock, so that nobody who asks counts it twice or not at all.
  fetches_.Add(reader.fetches_.value());
  bytes_.Add(reader.bytes_.value());
}

ReadTotals ReadMeter::totals() const {
  base::MutexLock lock(mutex_);
  ReadTotals totals{.fetches = fetches_.value(), .bytes = bytes_.value()};
  for (const Reader* reader = first_; reader != nullptr; reader = reader->next_) {
    totals.fetches += reader->fetches_.value();
    totals.bytes += reader->bytes_.value();
  }
  return totals;
}

}  // namespace moldau::broker
