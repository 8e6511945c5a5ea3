#include "moldau/partitioner.h"

#include <string>
#include <string_view>

#include "support/catch.h"

namespace moldau {
namespace {

using namespace std::string_view_literals;

// Printed by kafka-clients 4.3.1: Utils.murmur2(key) and BuiltInPartitioner.partitionForKey(key, n) for n = 4, 7, 100.
struct Golden {
  std::string_view key;
  int32_t hash;
  int32_t of_4;
  int32_t of_7;
  int32_t of_100;
};

constexpr Golden kGolden[] = {
    {""sv, 275646681, 1, 2, 81},
    {"a"sv, -1563381124, 0, 5, 24},
    {"ab"sv, 316155434, 2, 0, 34},
    {"abc"sv, 479470107, 3, 4, 7},
    {"abcd"sv, -1323649548, 0, 5, 0},
    {"abcde"sv, 461995741, 1, 4, 41},
    {"0"sv, 971027396, 0, 3, 96},
    {"21"sv, -973932308, 0, 3, 40},
    {"foobar"sv, -790332482, 2, 0, 66},
    {"alice"sv, 1951417749, 1, 1, 49},
    {"bob"sv, -2048144690, 2, 5, 58},
    {"espresso"sv, -2116566525, 3, 6, 23},
    {"order-1"sv, 1221710326, 2, 4, 26},
    {"order-42"sv, 501153024, 0, 1, 24},
    {"user:1234567890"sv, 1084400573, 1, 4, 73},
    {"a-little-bit-long-string"sv, -985981536, 0, 1, 12},
    {"a-little-bit-longer-string"sv, -1486304829, 3, 0, 19},
    {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"sv, -58897971, 1, 3, 77},
    {"/var/log/syslog"sv, -2102405925, 3, 5, 23},
    {"Z\xc3\xbcrich"sv, -1551140815, 1, 2, 33},
    {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"sv, 1431860170, 2, 6, 70},
    {"\0"sv, 375494588, 0, 0, 88},
    {"\0\0\0\0"sv, 850957120, 0, 6, 20},
    {"\xff\xfe\xfd"sv, 998637092, 0, 5, 92},
    {"\x80\x81\x82\x83\x84\x85\x86"sv, -47880214, 2, 5, 34},
};

TEST_CASE("a key lands in the partition that the Java client would send it to", "[client][partitioner]") {
  for (const Golden& golden : kGolden) {
    CAPTURE(std::string(golden.key));
    CHECK(Murmur2(golden.key) == golden.hash);
    CHECK(PartitionForKey(golden.key, 1) == 0);
    CHECK(PartitionForKey(golden.key, 4) == golden.of_4);
    CHECK(PartitionForKey(golden.key, 7) == golden.of_7);
    CHECK(PartitionForKey(golden.key, 100) == golden.of_100);
  }
}

}  // namespace
}  // namespace moldau
