// What holds for every message in every version, whatever is in it.
#include <string>
#include <string_view>

#include "filled_message.h"
#include "largest_allocation.h"
#include "messages.h"
#include "protocol/codec.h"
#include "random_source.h"
#include "support/catch.h"
#include "support/scale.h"

namespace moldau::protocol::test {
namespace {

// Calls `check` with the type of each message as a default value, and each of its versions.
template <typename Check>
void ForEachVersion(Check check) {
  ForEachMessage([&]<typename Message>(const Message& message) {
    for (int16_t version = Message::kSchema.min_version; version <= Message::kSchema.max_version; ++version) {
      INFO(NameOf(Message::kSchema) << " version " << version);
      check(message, version);
    }
  });
}

template <typename Message>
std::string Encoded(const Message& message, int16_t version) {
  std::string bytes;
  REQUIRE_OK(Encode(message, version, bytes));
  return bytes;
}

// What is decoded at all has one encoding, which means the same.
template <typename Message>
bool DecodesAndAgrees(std::string_view bytes, int16_t version) {
  const absl::StatusOr<Message> decoded = Decode<Message>(bytes, version);
  if (!decoded.ok()) return false;
  const std::string again = Encoded(*decoded, version);
  const absl::StatusOr<Message> twice = Decode<Message>(std::string_view(again), version);
  REQUIRE_OK(twice);
  CHECK(*twice == *decoded);
  return true;
}

TEST_CASE("every message in every version is read as it was written", "[protocol][codec]") {
  ForEachVersion([]<typename Message>(const Message&, int16_t version) {
    for (int seed = 0; seed < moldau::test::Scaled(30); ++seed) {
      RandomSource random(static_cast<uint64_t>(seed));
      const auto message = FilledMessage<Message>(random, version);
      const std::string bytes = Encoded(message, version);
      const auto decoded = Decode<Message>(std::string_view(bytes), version);
      REQUIRE_OK(decoded);
      REQUIRE(*decoded == message);
    }
  });
}

TEST_CASE("a message with nothing set can be sent in every version and is read as it was", "[protocol][codec]") {
  ForEachVersion([]<typename Message>(const Message& message, int16_t version) {
    const std::string bytes = Encoded(message, version);
    const auto decoded = Decode<Message>(std::string_view(bytes), version);
    REQUIRE_OK(decoded);
    CHECK(*decoded == message);
  });
}

TEST_CASE("a message is appended to what is there", "[protocol][codec]") {
  HeartbeatResponse response;
  std::string bytes = "head";
  REQUIRE_OK(Encode(response, 1, bytes));
  CHECK(bytes == std::string("head\0\0\0\0\0\0", 10));
}

TEST_CASE("no prefix of a message is taken for the message, nor is one with a byte too many", "[protocol][codec]") {
  ForEachVersion([]<typename Message>(const Message&, int16_t version) {
    for (int seed = 0; seed < moldau::test::Scaled(5); ++seed) {
      RandomSource random(static_cast<uint64_t>(seed));
      const std::string bytes = Encoded(FilledMessage<Message>(random, version), version);
      for (size_t size = 0; size < bytes.size(); ++size) {
        REQUIRE_FALSE(Decode<Message>(std::string_view(bytes).substr(0, size), version).ok());
      }
      REQUIRE_FALSE(Decode<Message>(std::string_view(bytes + '\0'), version).ok());
    }
  });
}

TEST_CASE("whatever a flipped bit makes of a message, it is refused or has one meaning", "[protocol][codec]") {
  ForEachVersion([]<typename Message>(const Message&, int16_t version) {
    RandomSource random(static_cast<uint64_t>(version));
    const std::string bytes = Encoded(FilledMessage<Message>(random, version), version);
    const size_t step = bytes.size() > 200 ? 7 : 1;
    for (size_t bit = 0; bit < bytes.size() * 8; bit += step) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      DecodesAndAgrees<Message>(flipped, version);
    }
  });
}

TEST_CASE("a huge or negative length anywhere reserves no memory beyond what the bytes can hold", "[protocol][codec]") {
  constexpr std::string_view kLengths[] = {
      std::string_view("\x7f\xff", 2),         std::string_view("\xff\xfe", 2),
      std::string_view("\x80\x00", 2),         std::string_view("\x7f\xff\xff\xff", 4),
      std::string_view("\x00\xff\xff\xff", 4), std::string_view("\x80\x00\x00\x00", 4),
      std::string_view("\xff\xff\xff\xfe", 4), std::string_view("\xff\xff\xff\xff\x0f", 5),
      std::string_view("\xff\xff\xff\x07", 4)};
  ForEachVersion([&]<typename Message>(const Message&, int16_t version) {
    RandomSource random(static_cast<uint64_t>(version));
    const std::string bytes = Encoded(FilledMessage<Message>(random, version), version);
    const size_t step = bytes.size() > 400 ? 3 : 1;
    for (const std::string_view length : kLengths) {
      for (size_t at = 0; at < bytes.size(); at += step) {
        const std::string changed = bytes.substr(0, at) + std::string(length) + bytes.substr(at);
        const LargestAllocation largest;
        const bool decoded = Decode<Message>(std::string_view(changed), version).ok();
        CAPTURE(at, decoded);
        // The largest element in memory is of some hundred bytes, and the smallest on the wire of one.
        REQUIRE(largest.size() <= 300 * changed.size() + 1024);
      }
    }
  });
}

}  // namespace
}  // namespace moldau::protocol::test
