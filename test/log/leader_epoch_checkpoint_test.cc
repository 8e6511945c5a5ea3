#include "log/leader_epoch_checkpoint.h"

#include <map>

#include "log/file_damage.h"
#include "moldau/base/random.h"
#include "moldau/storage/memory_storage.h"
#include "support/catch.h"
#include "support/scale.h"

namespace moldau::log {
namespace {

using test::Scaled;

using Entries = std::vector<EpochEntry>;

LeaderEpochHistory HistoryOf(Entries entries) { return LeaderEpochHistory::FromEntries(std::move(entries)).value(); }

TEST_CASE("a new leader epoch is noted with its first offset, a known one is not", "[log][epoch]") {
  LeaderEpochHistory history;
  CHECK_FALSE(history.latest().has_value());
  CHECK(history.Assign(0, 0).value());
  CHECK_FALSE(history.Assign(0, 0).value());
  CHECK_FALSE(history.Assign(0, 20).value());
  CHECK(history.Assign(3, 40).value());
  CHECK(history.entries() == Entries{{0, 0}, {3, 40}});
  CHECK(history.latest() == EpochEntry{3, 40});
}

TEST_CASE("an epoch that wrote nothing gives way to the next", "[log][epoch]") {
  LeaderEpochHistory history = HistoryOf({{0, 0}, {3, 40}, {4, 40 + 10}});
  CHECK(history.Assign(6, 50).value());
  CHECK(history.entries() == Entries{{0, 0}, {3, 40}, {6, 50}});
  CHECK(history.Assign(7, 0).value());
  CHECK(history.entries() == Entries{{7, 0}});
}

TEST_CASE("a leader epoch that falls is refused and changes nothing", "[log][epoch]") {
  LeaderEpochHistory history = HistoryOf({{3, 40}});
  const auto result = history.Assign(2, 100);
  CHECK(result.status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(std::string(result.status().message()) == "leader epoch 2 from offset 100 is below the latest, 3");
  CHECK(history.Assign(-1, 100).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(history.Assign(4, -1).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(history.entries() == Entries{{3, 40}});
}

TEST_CASE("every offset has the epoch that wrote it", "[log][epoch]") {
  const LeaderEpochHistory history = HistoryOf({{1, 10}, {3, 40}, {4, 90}});
  CHECK(history.EpochFor(9) == std::nullopt);
  CHECK(history.EpochFor(10) == 1);
  CHECK(history.EpochFor(39) == 1);
  CHECK(history.EpochFor(40) == 3);
  CHECK(history.EpochFor(89) == 3);
  CHECK(history.EpochFor(90) == 4);
  CHECK(history.EpochFor(1'000'000) == 4);
  CHECK(LeaderEpochHistory().EpochFor(0) == std::nullopt);
}

TEST_CASE("the end of an epoch is the start of the next greater one (KIP-101, KIP-279)", "[log][epoch]") {
  const LeaderEpochHistory history = HistoryOf({{1, 10}, {3, 40}, {4, 90}});
  CHECK(history.EndOffsetFor(4, 120) == EpochEndOffset{4, 120});
  CHECK(history.EndOffsetFor(3, 120) == EpochEndOffset{3, 90});
  CHECK(history.EndOffsetFor(2, 120) == EpochEndOffset{1, 40});  // unknown here: the greatest below it answers
  CHECK(history.EndOffsetFor(1, 120) == EpochEndOffset{1, 40});
  CHECK(history.EndOffsetFor(0, 120) == EpochEndOffset{0, 10});  // older than all that is left of the log
  CHECK(history.EndOffsetFor(5, 120) == std::nullopt);
  CHECK(history.EndOffsetFor(-1, 120) == std::nullopt);
  CHECK(LeaderEpochHistory().EndOffsetFor(0, 0) == std::nullopt);
}

TEST_CASE("a log cut at its end forgets the epochs that began there or behind", "[log][epoch]") {
  LeaderEpochHistory history = HistoryOf({{1, 10}, {3, 40}, {4, 90}});
  CHECK_FALSE(history.TruncateSuffix(91));
  CHECK(history.TruncateSuffix(90));
  CHECK(history.entries() == Entries{{1, 10}, {3, 40}});
  CHECK(history.TruncateSuffix(5));
  CHECK(history.entries().empty());
  CHECK_FALSE(history.TruncateSuffix(0));
}

TEST_CASE("a log trimmed at its front keeps the epoch of its first record", "[log][epoch]") {
  LeaderEpochHistory history = HistoryOf({{1, 10}, {3, 40}, {4, 90}});
  CHECK_FALSE(history.TruncatePrefix(9));
  CHECK_FALSE(history.TruncatePrefix(10));
  CHECK(history.TruncatePrefix(39));
  CHECK(history.entries() == Entries{{1, 39}, {3, 40}, {4, 90}});
  CHECK(history.TruncatePrefix(40));
  CHECK(history.entries() == Entries{{3, 40}, {4, 90}});
  CHECK(history.TruncatePrefix(200));
  CHECK(history.entries() == Entries{{4, 200}});
  LeaderEpochHistory empty;
  CHECK_FALSE(empty.TruncatePrefix(5));
}

TEST_CASE("a history agrees with one that remembers the epoch of each offset", "[log][epoch]") {
  Random random(31);
  for (int seed = 0; seed < Scaled(200); ++seed) {
    LeaderEpochHistory history;
    std::map<int64_t, int32_t> model;  // offset -> epoch
    int64_t start = 0;
    int64_t end = 0;
    int32_t epoch = 0;
    for (int step = 0; step < 60; ++step) {
      const uint64_t what = random.Below(10);
      if (what < 6) {
        epoch += static_cast<int32_t>(random.Below(3));
        for (uint64_t n = 1 + random.Below(5); n > 0; --n) {
          REQUIRE_OK(history.Assign(epoch, end));
          model[end++] = epoch;
        }
      } else if (what < 8) {
        end = start + static_cast<int64_t>(random.Below(static_cast<uint64_t>(end - start + 1)));
        history.TruncateSuffix(end);
        model.erase(model.lower_bound(end), model.end());
      } else {
        start += static_cast<int64_t>(random.Below(static_cast<uint64_t>(end - start + 1)));
        history.TruncatePrefix(start);
        model.erase(model.begin(), model.lower_bound(start));
      }
      for (const auto& [offset, expected] : model) REQUIRE(history.EpochFor(offset) == expected);
    }
  }
}

TEST_CASE("a leader epoch checkpoint has Kafka's lines and is read back", "[log][epoch][checkpoint]") {
  const LeaderEpochHistory history = HistoryOf({{0, 0}, {3, 40}, {12, 9'000'000'000}});
  const std::string text = "0\n3\n0 0\n3 40\n12 9000000000\n";
  CHECK(EncodeLeaderEpochs(history) == text);
  CHECK(DecodeLeaderEpochs(text).value() == history);
  CHECK(DecodeLeaderEpochs("0\n0\n").value() == LeaderEpochHistory());
  CHECK(DecodeLeaderEpochs("").value() == LeaderEpochHistory());
}

TEST_CASE("a damaged leader epoch checkpoint is refused, naming the line", "[log][epoch][checkpoint]") {
  const std::pair<const char*, const char*> texts[] = {
      {"0\n1\n3\n", "line 3: not an epoch and an offset"},
      {"0\n1\n3 4 5\n", "line 3: not an epoch and an offset"},
      {"0\n1\n3  4\n", "line 3: not an epoch and an offset"},
      {"0\n1\n3\t4\n", "line 3: not an epoch and an offset"},
      {"0\n1\n2147483648 4\n", "line 3: not an epoch and an offset"},
      {"0\n2\n3 40\n4 -1\n", "line 4: not an epoch and an offset"},
      {"0\n2\n3 40\n3 50\n", "leader epoch 3 from offset 50 cannot follow epoch 3 from 40"},
      {"0\n2\n3 40\n4 40\n", "leader epoch 4 from offset 40 cannot follow epoch 3 from 40"},
  };
  for (const auto& [text, message] : texts) {
    const auto history = DecodeLeaderEpochs(text);
    CHECK(history.status().code() == absl::StatusCode::kDataLoss);
    CHECK(std::string(history.status().message()) == message);
  }
}

TEST_CASE("a stored leader epoch checkpoint survives a crash", "[log][epoch][checkpoint]") {
  storage::MemoryStorage storage;
  REQUIRE_OK(storage.CreateDirectory("orders-0"));
  CHECK(LoadLeaderEpochs(storage, "orders-0").status().code() == absl::StatusCode::kNotFound);
  REQUIRE_OK(StoreLeaderEpochs(storage, "orders-0", HistoryOf({{3, 40}})));
  REQUIRE_OK(storage.FlushDirectory("."));
  const auto after = storage.CrashImage({});
  CHECK(LoadLeaderEpochs(*after, "orders-0").value() == HistoryOf({{3, 40}}));
}

TEST_CASE("an error in a leader epoch checkpoint names its file", "[log][epoch][checkpoint]") {
  storage::MemoryStorage storage;
  REQUIRE_OK(storage.CreateDirectory("orders-0"));
  const auto file = storage.Open("orders-0/leader-epoch-checkpoint", storage::OpenMode::kCreate).value();
  REQUIRE_OK(file->Write(0, AsBytes("0\n1\n3\n")));
  const auto history = LoadLeaderEpochs(storage, "orders-0");
  CHECK(std::string(history.status().message()) ==
        "orders-0/leader-epoch-checkpoint: line 3: not an epoch and an offset");
}

}  // namespace
}  // namespace moldau::log
