// What a crash or a failing disk can do to the end, the middle and the indexes of a log, one kind of damage at a time
// and every place of it. The letters are those of the table in test/README.md.
#include <algorithm>

#include "log/batch_scan.h"
#include "log/log_files.h"
#include "log/log_world.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau::test {
namespace {

using Catch::Matchers::Contains;
using Strings = std::vector<std::string>;

const std::string kFirst = "00000000000000000000.log";

std::string Value(int number, size_t size) {
  std::string value = "record " + std::to_string(number) + " ";
  value.resize(std::max(size, value.size()), static_cast<char>('a' + number % 26));
  return value;
}

// Segments and their indexes.
Files SegmentsIn(Files files) {
  std::erase_if(files,
                [](const auto& file) { return !file.first.ends_with(".log") && !file.first.ends_with("index"); });
  return files;
}

bool IsFlush(storage::OperationKind kind) {
  return kind == storage::OperationKind::kFlush || kind == storage::OperationKind::kFlushMapping;
}

// A log that some process has left, and what is known of it.
struct Left {
  Files files;
  log::PartitionEntry entry;
  Strings values;
  std::vector<size_t> ends;  // of each batch, in the segment that it lies in
};

// Appends records of these sizes, each a batch of its own. `clean`: closes the log.
Left Leave(const log::LogConfig& config, const std::vector<size_t>& sizes, bool clean) {
  LogWorld world;
  auto log = world.Open(config).value();
  Left left;
  for (const size_t size : sizes) {
    left.values.push_back(Value(static_cast<int>(left.values.size()), size));
    REQUIRE_OK(Append(*log, left.values.back()));
    REQUIRE_OK(log->Flush());
    left.ends.push_back(static_cast<size_t>(log->Describe().segments.back().size_bytes));
  }
  if (clean) REQUIRE_OK(log->Close());
  left.entry = log->Describe();
  left.files = FilesOf(world.disk());
  return left;
}

// A process that finds `files`.
struct Found : LogWorld {
  Found(const Files& files, const log::LogConfig& config, const log::Log::Known& known) : LogWorld(DiskOf(files)) {
    log = Open(config, known);
  }
  // After a power cut.
  Found(std::unique_ptr<storage::MemoryStorage> image, const log::LogIdentity& of, const log::LogConfig& config)
      : LogWorld(std::move(image)) {
    identity = of;
    log = Open(config);
  }

  absl::StatusOr<std::unique_ptr<log::Log>> log;
};

constexpr log::Log::Known kSameBoot{.same_boot = true};
constexpr log::Log::Known kNewBoot{};

// Whatever was cut, the log goes on, and nothing but what was kept and what is appended now is ever read again, also
// after another power cut.
void RequireItGoesOn(Found& found, const Strings& kept, const std::string& next) {
  log::Log& log = **found.log;
  REQUIRE(ReadValues(log) == kept);
  REQUIRE_OK(Append(log, next));
  REQUIRE_OK(log.Flush());
  Strings expected = kept;
  expected.push_back(next);
  REQUIRE(ReadValues(log) == expected);
  LogWorld after(found.disk().CrashImage({}));
  after.identity = found.identity;
  auto again = after.Open(SmallSegments(Durability::kBuffered), kNewBoot);
  REQUIRE_OK(again);
  REQUIRE(ReadValues(**again) == expected);
}

TEST_CASE("a log cut at any byte of its last batch ends at the batch before it", "[log][recovery][L5]") {
  const auto durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  const log::LogConfig config = SmallSegments(durability);
  const Left left = Leave(config, {100, 40, 900}, true);
  const Strings kept(left.values.begin(), left.values.end() - 1);
  int cuts = 0;
  for (size_t cut = left.ends[1]; cut < left.ends[2]; ++cut) {
    for (const bool same_boot : {true, false}) {
      for (const size_t zeros : {size_t{0}, size_t{4096} - cut}) {  // cut off, or allocated whole and not written
        Files files = left.files;
        files[kFirst].resize(cut);
        const size_t end = files[kFirst].find_last_not_of('\0') + 1;
        files[kFirst].append(zeros, '\0');
        if (files[kFirst].starts_with(left.files.at(kFirst))) continue;  // its last byte is a zero
        Found found(files, config, same_boot ? kSameBoot : kNewBoot);
        INFO("cut at " << cut << ", then " << zeros << " zeros: " << found.log.status().ToString());
        REQUIRE_OK(found.log);
        REQUIRE((*found.log)->log_end_offset() == 2);
        REQUIRE((*found.log)->recovery().truncated_bytes ==
                static_cast<int64_t>(std::max(end, left.ends[1]) - left.ends[1]));
        if (cut % 16 == 0) RequireItGoesOn(found, kept, "next");
        ++cuts;
      }
    }
  }
  Figure("torn batches, %s: %d, each cut off whole", durability == Durability::kFlushed ? "flushed" : "buffered", cuts);
}

TEST_CASE("whichever pages of the last batches reach the disk, a log ends before the first that is not whole",
          "[log][recovery][L5][L6]") {
  const auto durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  log::LogConfig config = SmallSegments(durability, 64 << 10);
  LogWorld world;
  auto log = world.Open(config).value();
  Strings values = {Value(0, 300)};
  REQUIRE_OK(Append(*log, values[0]));
  REQUIRE_OK(log->Flush());
  for (const size_t size : {5000, 60, 9000, 3000}) {
    values.push_back(Value(static_cast<int>(values.size()), size));
    REQUIRE_OK(Append(*log, values.back()));
  }
  std::vector<std::unique_ptr<storage::MemoryStorage>> images;  // of the moment before the pages reach the disk
  world.disk().SetHook([&](const storage::Operation& operation) {
    const storage::MemoryStorage::Pending pending = world.disk().pending();
    const size_t pages = pending.pages.size();
    const size_t names = pending.metadata.size();
    if (!IsFlush(operation.kind) || !images.empty() || pages < 5) return absl::OkStatus();
    for (uint64_t mask = 0; mask < uint64_t{1} << pages; ++mask) {
      for (const size_t kept : {size_t{0}, names / 2, names}) {  // sizes and names: none, some, all
        images.push_back(world.disk().CrashImage(PlanOf(mask | ((uint64_t{1} << kept) - 1) << pages, pending)));
      }
    }
    return absl::OkStatus();
  });
  REQUIRE_OK(log->Flush());
  world.disk().SetHook(nullptr);
  REQUIRE(images.size() >= 32);
  size_t most = 0;
  for (std::unique_ptr<storage::MemoryStorage>& image : images) {
    Found found(std::move(image), world.identity, config);
    REQUIRE_OK(found.log);
    const Strings kept = ReadValues(**found.log);
    REQUIRE(!kept.empty());
    REQUIRE(kept == Strings(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(kept.size())));
    most = std::max(most, kept.size());
    RequireItGoesOn(found, kept, "next");
  }
  CHECK(most == values.size());
  Figure("pages of the last batches, %s: %d subsets", durability == Durability::kFlushed ? "flushed" : "buffered",
         images.size());
}

TEST_CASE("what lies behind a hole is destroyed, and does not come back when the log grows up to it",
          "[log][recovery][L6]") {
  const auto durability = GENERATE(Durability::kBuffered, Durability::kFlushed);
  const log::LogConfig config = SmallSegments(durability);
  const Left left = Leave(config, {100, 700, 80, 90}, false);
  Files files = left.files;
  std::fill(files[kFirst].begin() + static_cast<std::ptrdiff_t>(left.ends[0]),
            files[kFirst].begin() + static_cast<std::ptrdiff_t>(left.ends[1]), '\0');

  SECTION("after a power cut") {
    Found found(files, config, kNewBoot);
    REQUIRE_OK(found.log);
    CHECK((*found.log)->log_end_offset() == 1);
    const size_t last = files[kFirst].find_last_not_of('\0') + 1;
    CHECK((*found.log)->recovery().truncated_bytes == static_cast<int64_t>(last - left.ends[0]));
    // A batch that ends exactly where the old one behind the hole began.
    REQUIRE_OK(Append(**found.log, left.values[1]));
    REQUIRE_OK((*found.log)->Flush());
    CHECK((*found.log)->Describe().segments.back().size_bytes == left.ends[1]);
    CHECK(ReadValues(**found.log) == Strings(left.values.begin(), left.values.begin() + 2));
    const storage::MemoryStorage::Pending pending = found.disk().pending();
    const size_t bits = std::min<size_t>(pending.pages.size() + pending.metadata.size(), 10);
    for (uint64_t mask = 0; mask < uint64_t{1} << bits; ++mask) {
      LogWorld after(found.disk().CrashImage(PlanOf(mask, pending)));
      after.identity = found.identity;
      auto again = after.Open(config, kNewBoot);
      REQUIRE_OK(again);
      CHECK(ReadValues(**again) == Strings(left.values.begin(), left.values.begin() + 2));
    }
  }
  SECTION("the cut is durable before anything is appended") {
    Found found(files, config, kNewBoot);
    REQUIRE_OK(found.log);
    found.log = absl::CancelledError();
    const Files after = FilesOf(*found.disk().CrashImage({}));
    CHECK(log::AllZero(log::AsBytes(after.at(kFirst)).subspan(left.ends[0])));
  }
  SECTION("if only the process died it is no hole of a crash, and refused with nothing changed") {
    Found found(files, config, kSameBoot);
    CHECK(found.log.status().code() == absl::StatusCode::kDataLoss);
    CHECK_THAT(std::string(found.log.status().message()),
               Contains(kFirst) && Contains("byte " + std::to_string(left.ends[0])) && Contains("offset 1"));
    CHECK(SegmentsIn(FilesOf(found.disk())) == SegmentsIn(files));
  }
}

TEST_CASE("zeros behind the last batch, from one byte to a whole segment, are the end of a log",
          "[log][recovery][L7]") {
  const log::LogConfig config = SmallSegments(GENERATE(Durability::kBuffered, Durability::kFlushed));
  const Left left = Leave(config, {400, 400, 400, 400}, true);
  const size_t end = left.ends.back();
  for (size_t zeros = 1; end + zeros <= config.segment_bytes; zeros += zeros < 130 ? 1 : 61) {
    for (const bool same_boot : {true, false}) {
      Files files = left.files;
      files[kFirst].append(zeros, '\0');
      Found found(files, config, same_boot ? kSameBoot : kNewBoot);
      INFO(zeros << " zeros: " << found.log.status().ToString());
      REQUIRE_OK(found.log);
      REQUIRE((*found.log)->log_end_offset() == 4);
      REQUIRE((*found.log)->recovery().truncated_bytes == 0);
      for (int64_t offset = 0; offset < 4; ++offset) {
        REQUIRE(ReadValues(**found.log, offset).front() == left.values[static_cast<size_t>(offset)]);
      }
      REQUIRE_OK((*found.log)->Close());
      // No index was built over the zeros, and no zeros stay.
      REQUIRE(SegmentsIn(FilesOf(found.disk())) == SegmentsIn(left.files));
    }
  }
}

TEST_CASE("zeros with anything behind them are not the end: all of it is cut off and counted", "[log][recovery][L7]") {
  const log::LogConfig config = SmallSegments(GENERATE(Durability::kBuffered, Durability::kFlushed));
  const Left left = Leave(config, {400, 400}, true);
  const size_t end = left.ends.back();
  for (size_t zeros = 0; end + zeros < config.segment_bytes; zeros += zeros < 70 ? 1 : 97) {
    Files files = left.files;
    files[kFirst].append(zeros, '\0').append(1, 'x').resize(config.segment_bytes);
    Found found(files, config, zeros % 2 == 0 ? kSameBoot : kNewBoot);
    INFO(zeros << " zeros: " << found.log.status().ToString());
    REQUIRE_OK(found.log);
    REQUIRE((*found.log)->recovery().truncated_bytes == static_cast<int64_t>(zeros + 1));
    if (zeros % 8 == 0) RequireItGoesOn(found, left.values, "next");
  }
}

// Segments are not recycled: a file begins empty or with zeros of its own. This holds whatever the disk loses.
TEST_CASE("the bytes of a deleted segment never show again, at any moment of the life of those that follow",
          "[log][recovery][L8]") {
  log::LogConfig config = SmallSegments(Durability::kBuffered);
  config.retention_bytes = 6000;
  LogWorld world;
  Random random(8);
  auto log = world.Open(config).value();
  REQUIRE_OK(log->Prepare(3 * config.segment_bytes));
  std::vector<std::unique_ptr<storage::MemoryStorage>> images;
  world.disk().SetHook([&](const storage::Operation&) {
    if (random.OneIn(4)) images.push_back(world.disk().CrashImage(world.disk().RandomPlan(random)));
    return absl::OkStatus();
  });
  for (int i = 0; i < 120; ++i) {
    REQUIRE_OK(Append(*log, Value(i, 600)));
    if (i % 3 == 0) world.Settle();
    if (i % 10 == 9) REQUIRE_OK(log->ApplyRetention());
    if (i % 25 == 24) REQUIRE_OK(log->Flush());
    world.disk().WriteBackSome(random);
  }
  world.disk().SetHook(nullptr);
  CHECK(log->log_start_offset() > 80);
  REQUIRE(images.size() > 30);
  for (std::unique_ptr<storage::MemoryStorage>& image : images) {
    if (absl::IsNotFound(image->List(world.directory).status())) continue;  // nothing of it had reached the disk yet
    Found found(std::move(image), world.identity, config);
    REQUIRE_OK(found.log);
    int64_t offset = (*found.log)->log_start_offset();
    for (const std::string& value : ReadValues(**found.log)) REQUIRE(value == Value(static_cast<int>(offset++), 600));
    // Behind its end a segment has nothing that could be taken for a batch once the log has grown up to it.
    // Nor does a file stay that was made ahead, and had its new name taken back by the crash.
    const Files files = FilesOf(found.disk());
    for (const auto& [name, contents] : files) REQUIRE_FALSE(name.ends_with(".prepared"));
    for (const log::SegmentEntry& segment : (*found.log)->Describe().segments) {
      const std::string& contents = files.at(absl::StrFormat("%020d.log", segment.base_offset));
      REQUIRE(log::AllZero(log::AsBytes(contents).subspan(segment.size_bytes)));
    }
  }
}

// --- indexes ---

struct Indexed {
  Left left;
  log::LogConfig config;
};

Indexed LeaveIndexed() {
  Indexed indexed;
  indexed.config = SmallSegments(Durability::kBuffered);
  std::vector<size_t> sizes;
  for (size_t i = 0; i < 60; ++i) sizes.push_back(90 + i * 37 % 200);
  indexed.left = Leave(indexed.config, sizes, true);
  REQUIRE(indexed.left.entry.segments.size() >= 3);
  return indexed;
}

// Every look-up by offset, with `files` as a clean shutdown left them, as a crash did, and without a manifest.
void RequireEveryRecord(const Indexed& indexed, const Files& files, const std::string& what) {
  const log::PartitionEntry& entry = indexed.left.entry;
  for (const log::Log::Known& known : {log::Log::Known{.entry = &entry, .clean_shutdown = true, .same_boot = true},
                                       log::Log::Known{.entry = &entry, .same_boot = true}, kSameBoot}) {
    Found found(files, indexed.config, known);
    INFO(what << ", clean " << known.clean_shutdown << ": " << found.log.status().ToString());
    REQUIRE_OK(found.log);
    for (size_t i = indexed.left.values.size(); i-- > 0;) {  // so that each look-up begins from the index
      const auto slice = (*found.log)->Read(static_cast<int64_t>(i), 1);
      INFO("offset " << i << ": " << slice.status().ToString());
      REQUIRE_OK(slice);
      const RecordView record = *record::BatchView(slice->bytes.data()).records().begin();
      if (record.offset() != static_cast<int64_t>(i) || record.value() != indexed.left.values[i])
        FAIL("another record");
      if (i % 7 != 0) continue;
      const auto by_time = (*found.log)->FindByTimestamp(record.timestamp());
      REQUIRE_OK(by_time);
      REQUIRE((by_time->has_value() && (*by_time)->offset == 0));  // the clock stood still
    }
    for (const auto& [name, contents] : files) {
      if (name.ends_with(".log")) REQUIRE(FilesOf(found.disk()).at(name) == contents);
    }
  }
}

TEST_CASE("an index that is missing, cut, padded, zeroed, stale or of another segment never leads to a wrong record",
          "[log][index][L10]") {
  const Indexed indexed = LeaveIndexed();
  const Files& whole = indexed.left.files;
  Strings indexes;
  for (const auto& [name, contents] : whole) {
    if (name.ends_with("index")) indexes.push_back(name);
  }
  REQUIRE(indexes.size() >= 6);
  const auto with = [&](const std::string& name, const std::string& contents, const std::string& what) {
    Files files = whole;
    files[name] = contents;
    RequireEveryRecord(indexed, files, name + " " + what);
  };
  for (const std::string& name : indexes) {
    const std::string& contents = whole.at(name);
    const size_t entry = name.ends_with(".timeindex") ? 12 : 8;
    Files without = whole;
    without.erase(name);
    RequireEveryRecord(indexed, without, name + " is missing");
    for (size_t length = 0; length < contents.size(); length += length % entry == 0 ? 1 : entry - 1) {
      with(name, contents.substr(0, length), "cut at " + std::to_string(length));
    }
    for (const size_t zeros : {entry, 10 * entry, entry - 1, size_t{10} << 10}) {
      with(name, contents + std::string(zeros, '\0'), "with zeros behind it");
    }
    with(name, std::string(contents.size(), '\0'), "of zeros");
    with(name, std::string(entry * 100, '\0') + contents, "with zeros before it");
    if (contents.size() > 2 * entry) {
      with(name, contents.substr(entry), "without its first entry");
      with(name, contents.substr(entry, entry) + contents.substr(0, entry) + contents.substr(2 * entry),
           "out of order");
      std::string shifted = contents;  // as of other batches that once lay there
      for (size_t at = entry - 1; at < shifted.size(); at += entry) ++shifted[at];
      with(name, shifted, "stale");
    }
    for (const std::string& other : indexes) {
      if (other != name) with(name, whole.at(other), "exchanged for " + other);
    }
  }
}

// --- the middle ---

// Every record of a log of which one bit of the file `name` is wrong: as it was written, or refused with the place. How
// many were refused.
int ReadAround(log::Log& log, const std::string& name, const Strings& values) {
  int refused = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto slice = log.Read(static_cast<int64_t>(i), 1);
    if (!slice.ok()) {
      CHECK(slice.status().code() == absl::StatusCode::kDataLoss);
      CHECK_THAT(std::string(slice.status().message()), Contains(name) && Contains("byte"));
      ++refused;
      continue;
    }
    const RecordView record = *record::BatchView(slice->bytes.data()).records().begin();
    REQUIRE(record.offset() == static_cast<int64_t>(i));
    REQUIRE(record.value() == values[i]);
  }
  return refused;
}

TEST_CASE("damage at each tenth of a log is never taken for its end: it is refused, and nothing is cut off",
          "[log][recovery][L9][L22]") {
  const log::LogConfig config = SmallSegments(GENERATE(Durability::kBuffered, Durability::kFlushed));
  const Left left = Leave(config, std::vector<size_t>(40, 230), true);
  size_t total = 0;
  for (const log::SegmentEntry& segment : left.entry.segments) total += segment.size_bytes;
  for (size_t tenth = 0; tenth < 10; ++tenth) {
    size_t at = total * tenth / 10 + 5;
    auto segment = left.entry.segments.begin();
    for (; at >= segment->size_bytes; ++segment) at -= segment->size_bytes;
    const std::string name = absl::StrFormat("%020d.log", segment->base_offset);
    Files files = left.files;
    files[name] = log::WithBitFlipped(files[name], at * 8 + tenth % 8);
    // What the manifest vouches for is not scanned, and the damage is found when it is read; the rest is refused at
    // once.
    const log::PartitionEntry& entry = left.entry;
    for (const log::Log::Known& known :
         {log::Log::Known{.entry = &entry, .clean_shutdown = true, .same_boot = true},
          log::Log::Known{.entry = &entry, .same_boot = true}, log::Log::Known{.entry = &entry}, kSameBoot}) {
      INFO(name << " at byte " << at << ", clean " << known.clean_shutdown << ", same boot " << known.same_boot);
      Found found(files, config, known);
      if (known.entry == nullptr) CHECK_FALSE(found.log.ok());
      if (known.clean_shutdown) CHECK(found.log.ok());
      if (found.log.ok()) {
        CHECK(ReadAround(**found.log, name, left.values) >= 1);
        CHECK((*found.log)->log_end_offset() == 40);
      } else {
        CHECK(found.log.status().code() == absl::StatusCode::kDataLoss);
        CHECK_THAT(std::string(found.log.status().message()),
                   Contains(name) && Contains("byte") && Contains("offline.h"));
      }
      CHECK(SegmentsIn(FilesOf(found.disk())) == SegmentsIn(files));
    }
  }
}

}  // namespace
}  // namespace moldau::test
