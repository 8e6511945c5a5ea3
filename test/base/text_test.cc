// Small things about text and bytes.
#include <string>

#include "base/bytes.h"
#include "base/string_map.h"
#include "support/catch.h"

namespace moldau::base {

TEST_CASE("text and bytes view each other", "[bytes]") {
  const std::string text("a\0b", 3);
  const auto bytes = AsBytes(text);
  REQUIRE(bytes.size() == 3);
  CHECK(bytes[2] == std::byte{'b'});
  CHECK(AsText(bytes) == text);
  CHECK(static_cast<const void*>(AsText(bytes).data()) == text.data());
  CHECK(AsText(AsBytes("")).empty());
}

TEST_CASE("a map by name is searched by views of larger texts", "[string_map]") {
  StringMap<int> map{{"topic", 1}, {"", 2}};
  const std::string_view path = "topic-0";
  CHECK(map.find(path.substr(0, 5))->second == 1);
  CHECK(map.contains(path.substr(7)));
  CHECK_FALSE(map.contains(path));
}

}  // namespace moldau::base
