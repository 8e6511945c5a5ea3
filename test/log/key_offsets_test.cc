#include "log/key_offsets.h"

#include <string>

#include "support/catch.h"

namespace moldau::log {
namespace {

TEST_CASE("the latest offset of each key is found, and of others none", "[log][compaction]") {
  KeyOffsets latest(1000, size_t{1} << 20, {1, 2});
  for (int64_t offset = 0; offset < 5000; ++offset) REQUIRE(latest.Put(std::to_string(offset % 1000), offset));
  CHECK(latest.size() == 1000);
  for (int64_t key = 0; key < 1000; ++key) CHECK(latest.Find(std::to_string(key)) == 4000 + key);
  CHECK(latest.Find("1000") == -1);
  CHECK(latest.Find("") == -1);
}

TEST_CASE("a full table takes no more keys, but later offsets of those it has", "[log][compaction]") {
  constexpr size_t kBytes = 24 * 31;
  KeyOffsets latest(1000, kBytes, {1, 2});
  CHECK(KeyOffsets::BytesFor(1000, kBytes) == kBytes);
  int64_t fitted = 0;
  while (latest.Put(std::to_string(fitted), fitted)) ++fitted;
  CHECK(fitted == 20);
  CHECK(latest.Find(std::to_string(fitted)) == -1);
  CHECK(latest.Put("0", 100));
  CHECK(latest.Find("0") == 100);
}

TEST_CASE("a table that may have hardly any memory still takes two keys", "[log][compaction]") {
  KeyOffsets latest(1000, 0, {1, 2});
  CHECK(latest.Put("a", 0));
  CHECK(latest.Put("b", 1));
  CHECK_FALSE(latest.Put("c", 2));
}

}  // namespace
}  // namespace moldau::log
