#include "log/key_offsets.h"

#include <algorithm>

namespace moldau::log {
namespace {

__extension__ using Product = unsigned __int128;  // of two 64-bit numbers

constexpr size_t kLeastSlots = 4;

}  // namespace

// A third of the slots stays free: probing looks at two or three of them then.
size_t KeyOffsets::BytesFor(size_t keys, size_t max_bytes) {
  return std::max(std::min(keys + keys / 2 + 2, max_bytes / sizeof(Slot)), kLeastSlots) * sizeof(Slot);
}

KeyOffsets::KeyOffsets(size_t keys, size_t max_bytes, base::Hash128 secret)
    : secret_(secret),
      slots_(BytesFor(keys, max_bytes) / sizeof(Slot)),
      limit_((slots_ - 1) * 2 / 3),
      table_(std::make_unique<Slot[]>(slots_)) {}

KeyOffsets::Slot& KeyOffsets::SlotOf(const base::Hash128& hash) const {
  // The high word spreads evenly over any number of slots by multiplication.
  auto at = static_cast<size_t>((Product{hash.high} * slots_) >> 64);
  while (table_[at].offset >= 0 && table_[at].key != hash) at = at + 1 == slots_ ? 0 : at + 1;
  return table_[at];
}

bool KeyOffsets::Put(std::string_view key, int64_t offset) {
  const base::Hash128 hash = base::SipHash128(key, secret_);
  Slot& slot = SlotOf(hash);
  if (slot.offset < 0) {
    if (size_ == limit_) return false;
    ++size_;
    slot.key = hash;
  }
  slot.offset = offset;
  return true;
}

int64_t KeyOffsets::Find(std::string_view key) const { return SlotOf(base::SipHash128(key, secret_)).offset; }

}  // namespace moldau::log
