#include "moldau/receipt.h"

#include <optional>

#include "support/catch.h"

namespace moldau {
namespace {

TEST_CASE("a receipt of nothing, or of a record that is safe already, is done", "[client][receipt]") {
  const Receipt nothing;
  CHECK(nothing.done());
  CHECK(nothing.offset() == -1);
  CHECK(nothing.partition() == -1);
  CHECK_OK(nothing.status());

  const Receipt safe(3, 42);
  CHECK(safe.done());
  CHECK(safe.offset() == 42);
  CHECK(safe.partition() == 3);
  CHECK_OK(safe.status());
  CHECK_OK(safe.Wait());
  const Receipt copy = safe;
  CHECK(copy.offset() == 42);
}

TEST_CASE("the callback of a receipt that is done is called at once", "[client][receipt]") {
  std::optional<absl::Status> seen;
  Receipt(0, 7).OnDone([&](const absl::Status& status) { seen = status; });
  REQUIRE(seen);
  CHECK_OK(*seen);
}

// An outcome that counts who refers to it.
class Source final : public internal::ReceiptSource {
 public:
  int references = 1;
  std::optional<absl::Status> outcome;

  int64_t OffsetOf(int64_t token) const override { return outcome ? token : -1; }
  int32_t PartitionOf(int64_t) const override { return 5; }
  bool IsDone(int64_t) const override { return outcome.has_value(); }
  absl::Status StatusOf(int64_t) const override { return *outcome; }
  absl::Status Wait(int64_t, std::chrono::nanoseconds) override { return *outcome; }
  void OnDone(int64_t, absl::AnyInvocable<void(const absl::Status&) &&> callback) override {
    std::move(callback)(*outcome);
  }
  void AddReference() noexcept override { ++references; }
  void DropReference() noexcept override { --references; }
};

TEST_CASE("a receipt of an open outcome is unavailable until that is known, and then does not change",
          "[client][receipt]") {
  Source source;
  const Receipt receipt(&source, 9);
  CHECK_FALSE(receipt.done());
  CHECK(absl::IsUnavailable(receipt.status()));
  CHECK(receipt.offset() == -1);
  source.outcome = absl::DataLossError("gone");
  CHECK(receipt.done());
  CHECK(receipt.status() == absl::DataLossError("gone"));
  CHECK(receipt.offset() == 9);
}

TEST_CASE("copies of a receipt add a reference each, moves do not", "[client][receipt]") {
  Source source;
  {
    Receipt first(&source, 1);
    Receipt copy = first;
    CHECK(source.references == 2);
    const Receipt moved = std::move(first);
    CHECK(source.references == 2);
    copy = moved;
    CHECK(source.references == 2);
    copy = Receipt();
    CHECK(source.references == 1);
  }
  CHECK(source.references == 0);
}

}  // namespace
}  // namespace moldau
