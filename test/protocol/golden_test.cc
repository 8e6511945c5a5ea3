// Bytes that the Java client's message classes wrote (golden/README.md): each is read to the last field, and what was
// read is written to the same bytes.
#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "filled_message.h"
#include "messages.h"
#include "protocol/codec.h"
#include "support/catch.h"

namespace moldau::protocol::test {
namespace {

// What capture_java.java fills messages with: values that follow from how many were given out before.
class CountingSource {
 public:
  explicit CountingSource(bool full) : full_(full) {}

  [[nodiscard]] bool IsNull() const { return !full_; }
  [[nodiscard]] bool HasTagged() const { return full_; }
  [[nodiscard]] size_t ArraySize() const { return full_ ? 2 : 1; }
  bool Bool() { return Next() > 0 && full_; }
  int64_t Int(size_t size) {
    const int64_t count = Next();
    switch (size) {
      case 1:
        return count % 128;
      case 2:
        return 256 + count;
      case 4:
        return 65536 + count;
      default:
        return (int64_t{1} << 40) + count;
    }
  }
  std::string Text() { return "s" + std::to_string(Next()); }
  std::string Opaque() { return std::string(3, static_cast<char>(Next())); }
  Uuid Id() {
    Uuid id;
    id.bytes.fill(static_cast<uint8_t>(Next()));
    return id;
  }

 private:
  int64_t Next() { return ++count_; }

  const bool full_;
  int64_t count_ = 0;
};

// By "JoinGroupRequest 5 full".
const std::map<std::string, std::string>& Goldens() {
  static const auto* const kGoldens = [] {
    auto* goldens = new std::map<std::string, std::string>();
    std::ifstream file(std::string(MOLDAU_TEST_DIR) + "/protocol/golden/messages.txt");
    std::string name;
    std::string version;
    std::string contents;
    std::string line_end;
    while (file >> name >> version >> contents && std::getline(file, line_end)) {
      const std::string hex = line_end.empty() ? "" : line_end.substr(1);
      goldens->emplace(name + ' ' + version + ' ' + contents, absl::HexStringToBytes(hex));
    }
    return goldens;
  }();
  return *kGoldens;
}

const std::string& Golden(const Schema& schema, int16_t version, bool full) {
  const std::string key = NameOf(schema) + ' ' + std::to_string(version) + (full ? " full" : " sparse");
  INFO(key);
  const auto golden = Goldens().find(key);
  REQUIRE(golden != Goldens().end());
  return golden->second;
}

TEST_CASE("the Java client and Moldau write the same bytes for every message, version and field",
          "[protocol][golden]") {
  ForEachMessage([]<typename Message>(const Message&) {
    for (int16_t version = Message::kSchema.min_version; version <= Message::kSchema.max_version; ++version) {
      for (const bool full : {true, false}) {
        INFO(NameOf(Message::kSchema) << " version " << version << (full ? " full" : " sparse"));
        const std::string& golden = Golden(Message::kSchema, version, full);
        CountingSource source(full);
        const auto message = FilledMessage<Message>(source, version);
        std::string bytes;
        REQUIRE_OK(Encode(message, version, bytes));
        CHECK(absl::BytesToHexString(bytes) == absl::BytesToHexString(golden));
        const auto decoded = Decode<Message>(std::string_view(golden), version);
        REQUIRE_OK(decoded);
        CHECK(*decoded == message);
      }
    }
  });
}

template <typename Message, typename EncodeMessage, typename DecodeMessage>
void CheckConsumerProtocol(EncodeMessage encode, DecodeMessage decode) {
  const Schema& schema = Message::kSchema;
  for (int16_t version = schema.min_version; version <= schema.max_version; ++version) {
    for (const bool full : {true, false}) {
      INFO(schema.kind << " version " << version << (full ? " full" : " sparse"));
      const std::string golden = std::string({'\0', static_cast<char>(version)}) + Golden(schema, version, full);
      CountingSource source(full);
      const auto message = FilledMessage<Message>(source, version);
      const absl::StatusOr<std::string> bytes = encode(message, version);
      REQUIRE_OK(bytes);
      CHECK(absl::BytesToHexString(*bytes) == absl::BytesToHexString(golden));
      const auto decoded = decode(golden);
      REQUIRE_OK(decoded);
      CHECK(*decoded == message);
    }
  }
}

TEST_CASE("subscriptions and assignments of the Java client are read and written in every version",
          "[protocol][golden]") {
  CheckConsumerProtocol<ConsumerProtocolSubscription>(EncodeSubscription, DecodeSubscription);
  CheckConsumerProtocol<ConsumerProtocolAssignment>(EncodeAssignment, DecodeAssignment);
}

}  // namespace
}  // namespace moldau::protocol::test
