#include "log/manifest.h"

#include <chrono>
#include <memory>

#include "log/file_damage.h"
#include "moldau/base/crc32c.h"
#include "moldau/base/random.h"
#include "moldau/storage/memory_storage.h"
#include "support/catch.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau::log {
namespace {

using test::Scaled;

const Manifest kExample = {.cluster_id = {{0xc1}},
                           .directory_id = {{0xd1}},
                           .node_id = 7,
                           .clean_shutdown = true,
                           .boot_id = "boot-1",
                           .partitions = {{.topic_id = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
                                           .topic = "orders",
                                           .partition = 3,
                                           .recovery_point = 40,
                                           .log_start_offset = 10,
                                           .high_watermark = 50,
                                           .log_end_offset = 52,
                                           .cleaned_offset = 30,
                                           .segments = {{.base_offset = 0,
                                                         .end_offset = 40,
                                                         .size_bytes = 4200,
                                                         .max_timestamp = 1'700'000'000'000,
                                                         .max_timestamp_offset = 39,
                                                         .offset_index_crc = 0x11223344,
                                                         .time_index_crc = 0x55667788,
                                                         .sealed = true},
                                                        {.base_offset = 40, .end_offset = 52, .size_bytes = 900}},
                                           .epochs = {{.epoch = 5, .start_offset = 10}}}}};

// Written by hand from the format; the checksum was computed bit by bit from the polynomial, apart from this code.
const std::string kGolden = FromHex(
    "4d4f4c4441554d46 02000000 e900000000000000"
    "c1000000000000000000000000000000 d1000000000000000000000000000000"
    "07000000 01 06 626f6f742d31 01000000"
    "000102030405060708090a0b0c0d0e0f 06 6f7264657273 03000000"
    "2800000000000000 0a00000000000000 3200000000000000 3400000000000000"
    "1e00000000000000"
    "02000000"
    "0000000000000000 2800000000000000 6810000000000000 0068e5cf8b010000 2700000000000000 44332211 88776655 01"
    "2800000000000000 3400000000000000 8403000000000000 ffffffffffffffff ffffffffffffffff 00000000 00000000 00"
    "01000000 05000000 0a00000000000000"
    "dcf1a6aa");

// The same as version 1 wrote it, which did not know of compaction.
const std::string kGoldenVersion1 = FromHex(
    "4d4f4c4441554d46 01000000 e100000000000000"
    "c1000000000000000000000000000000 d1000000000000000000000000000000"
    "07000000 01 06 626f6f742d31 01000000"
    "000102030405060708090a0b0c0d0e0f 06 6f7264657273 03000000"
    "2800000000000000 0a00000000000000 3200000000000000 3400000000000000"
    "02000000"
    "0000000000000000 2800000000000000 6810000000000000 0068e5cf8b010000 2700000000000000 44332211 88776655 01"
    "2800000000000000 3400000000000000 8403000000000000 ffffffffffffffff ffffffffffffffff 00000000 00000000 00"
    "01000000 05000000 0a00000000000000"
    "2d3a19f6");

absl::StatusOr<Manifest> Decode(const std::string& file) {
  return DecodeManifest(AsBytes(file), "data/moldau.manifest");
}

// The file with a checksum that is right again after a change.
std::string Resealed(std::string file) {
  const uint32_t crc = base::Crc32c(file.data(), file.size() - 4);
  file.replace(file.size() - 4, 4, reinterpret_cast<const char*>(&crc), 4);
  return file;
}

Manifest RandomManifest(Random& random, size_t partitions) {
  const auto number = [&random] { return static_cast<int64_t>(random.Next() >> random.Below(64)); };
  Manifest manifest = {.cluster_id = random.NextUuid(),
                       .directory_id = random.NextUuid(),
                       .node_id = static_cast<int32_t>(number()),
                       .clean_shutdown = random.OneIn(2),
                       .boot_id = std::string(random.Below(256), 'b')};
  for (size_t i = 0; i < partitions; ++i) {
    PartitionEntry partition = {.topic_id = random.NextUuid(),
                                .topic = std::string(1 + random.Below(249), 't'),
                                .partition = static_cast<int32_t>(random.Below(1u << 31)),
                                .recovery_point = number(),
                                .log_start_offset = number(),
                                .high_watermark = number(),
                                .log_end_offset = number(),
                                .cleaned_offset = number()};
    for (uint64_t n = random.Below(4); n > 0; --n) {
      partition.segments.push_back({number(), number(), random.Next(), number(), number(),
                                    static_cast<uint32_t>(random.Next()), static_cast<uint32_t>(random.Next()),
                                    random.OneIn(2)});
    }
    for (uint64_t n = random.Below(4); n > 0; --n) {
      partition.epochs.push_back({static_cast<int32_t>(random.Below(1000)), number()});
    }
    manifest.partitions.push_back(std::move(partition));
  }
  return manifest;
}

TEST_CASE("a manifest has the bytes of format version 2 and is read back", "[log][manifest]") {
  CHECK(EncodeManifest(kExample).value() == kGolden);
  CHECK(Decode(kGolden).value() == kExample);
}

TEST_CASE("a manifest of format version 1 is read, and says nothing of compaction", "[log][manifest][L21]") {
  Manifest expected = kExample;
  expected.partitions[0].cleaned_offset = 0;
  CHECK(Decode(kGoldenVersion1).value() == expected);
}

TEST_CASE("any manifest is read back as it was written", "[log][manifest]") {
  Random random(41);
  for (int seed = 0; seed < Scaled(200); ++seed) {
    const Manifest manifest = RandomManifest(random, random.Below(20));
    const auto file = EncodeManifest(manifest);
    REQUIRE_OK(file);
    const auto decoded = Decode(*file);
    REQUIRE_OK(decoded);
    REQUIRE(*decoded == manifest);
  }
}

TEST_CASE("a manifest that could not be read back is not written", "[log][manifest]") {
  Manifest manifest = kExample;
  manifest.partitions[0].topic = "../orders";
  CHECK(EncodeManifest(manifest).status().code() == absl::StatusCode::kInvalidArgument);
  manifest = kExample;
  manifest.partitions[0].partition = -1;
  CHECK(EncodeManifest(manifest).status().code() == absl::StatusCode::kInvalidArgument);
  manifest = kExample;
  manifest.boot_id = std::string(256, 'b');
  CHECK(EncodeManifest(manifest).status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("a damaged manifest is refused with file, byte and the way out", "[log][manifest]") {
  std::string flipped = kGolden;
  flipped[100] ^= 4;
  const auto manifest = Decode(flipped);
  CHECK(manifest.status().code() == absl::StatusCode::kDataLoss);
  const std::string message(manifest.status().message());
  CHECK(message.starts_with("data/moldau.manifest: byte " + std::to_string(kGolden.size() - 4) +
                            ": bad checksum: crc of "));
  CHECK(message.ends_with(
      "; remove the file to go on: every log is then recovered in full from its segments, and log start "
      "offsets fall back to the first segment"));
}

TEST_CASE("every shortened or lengthened manifest is refused as damaged", "[log][manifest]") {
  const auto is_damaged = [](const std::string& file) {
    return Decode(file).status().code() == absl::StatusCode::kDataLoss;
  };
  ForEachPrefix(kGolden, [&](const std::string& prefix) { CHECK(is_damaged(prefix)); });
  CHECK(is_damaged(kGolden + std::string(1, '\0')));
  CHECK(is_damaged(kGolden + std::string(4096, '\0')));
  CHECK(is_damaged(kGolden + kGolden));
}

TEST_CASE("a manifest of a newer version is never called damaged", "[log][manifest][L21]") {
  std::string file = kGolden;
  file[8] = 3;
  const auto newer = Decode(Resealed(file));
  CHECK(newer.status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(std::string(newer.status().message()) ==
        "data/moldau.manifest: byte 8: format version 3 is above 2: written by a newer version");
  // Its body may have grown by whatever that version adds, and even its checksum may be another.
  file.insert(file.size() - 4, 100, 'x');
  CHECK(Decode(Resealed(file)).status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(Decode(file).status().code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("a manifest whose checksum holds but whose lengths lie is refused without reserving what they claim",
          "[log][manifest]") {
  const size_t partition_count = 20 + 32 + 4 + 1 + 1 + 6;
  const size_t segment_count = partition_count + 4 + 16 + 1 + 6 + 4 + 40;
  for (const size_t at : {partition_count, segment_count}) {
    for (const char* claimed : {"ffffffff", "00000080", "00010000"}) {
      std::string file = kGolden;
      file.replace(at, 4, FromHex(claimed));
      const auto manifest = Decode(Resealed(file));
      CHECK(manifest.status().code() == absl::StatusCode::kDataLoss);
      CHECK(std::string(manifest.status().message()).find("a list is longer than the file") != std::string::npos);
    }
  }
}

TEST_CASE("a manifest whose checksum holds never yields a topic that leaves the data directory", "[log][manifest]") {
  std::string file = kGolden;
  file.replace(file.find("orders"), 6, "../../");
  const auto manifest = Decode(Resealed(file));
  CHECK(manifest.status().code() == absl::StatusCode::kDataLoss);
  CHECK(std::string(manifest.status().message()).find("topic name \"../../\" has a character") != std::string::npos);
}

TEST_CASE("every byte of a manifest's body, changed under a right checksum, is refused or read as a manifest",
          "[log][manifest]") {
  for (size_t at = 20; at < kGolden.size() - 4; ++at) {
    for (const unsigned value : {0x00u, 0x01u, 0x7fu, 0x80u, 0xffu}) {
      std::string file = kGolden;
      file[at] = static_cast<char>(value);
      file = Resealed(file);
      const auto manifest = Decode(file);
      if (manifest.ok()) REQUIRE(EncodeManifest(*manifest).value() == file);
    }
  }
}

TEST_CASE("a directory without a manifest says so", "[log][manifest]") {
  storage::MemoryStorage storage;
  REQUIRE_OK(storage.CreateDirectory("data"));
  CHECK(LoadManifest(storage, "data").status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("a crash at any operation of storing a manifest leaves the old one or the new one",
          "[log][manifest][crash]") {
  Random random(42);
  Manifest next = kExample;
  next.node_id = 8;
  for (uint64_t at = 1;; ++at) {
    storage::MemoryStorage storage;
    REQUIRE_OK(storage.CreateDirectory("data"));
    REQUIRE_OK(StoreManifest(storage, "data", kExample));
    REQUIRE_OK(storage.FlushDirectory("."));
    const uint64_t before = storage.operation_count();
    std::vector<std::unique_ptr<storage::MemoryStorage>> images;
    storage.SetHook([&](const storage::Operation& operation) {
      if (operation.number - before == at) {
        for (int i = 0; i < Scaled(20); ++i) images.push_back(storage.CrashImage(storage.RandomPlan(random)));
      }
      return absl::OkStatus();
    });
    REQUIRE_OK(StoreManifest(storage, "data", next));
    if (images.empty()) {
      CHECK(at > 5);  // there were operations to crash at
      break;
    }
    for (const auto& image : images) {
      const auto found = LoadManifest(*image, "data");
      REQUIRE_OK(found);
      REQUIRE((*found == kExample || *found == next));
      REQUIRE_OK(StoreManifest(*image, "data", next));
      REQUIRE(LoadManifest(*image, "data").value() == next);
    }
  }
}

TEST_CASE("a manifest stored without an error is there after a crash", "[log][manifest][crash]") {
  storage::MemoryStorage storage;
  REQUIRE_OK(storage.CreateDirectory("data"));
  REQUIRE_OK(storage.FlushDirectory("."));
  REQUIRE_OK(StoreManifest(storage, "data", kExample));
  const auto after = storage.CrashImage({});
  CHECK(LoadManifest(*after, "data").value() == kExample);
}

TEST_CASE("whichever operation fails, a manifest is the old one or the new one, and the next attempt succeeds",
          "[log][manifest]") {
  Manifest next = kExample;
  next.node_id = 8;
  int failures = 0;
  for (uint64_t at = 1;; ++at) {
    storage::MemoryStorage storage;
    REQUIRE_OK(storage.CreateDirectory("data"));
    REQUIRE_OK(StoreManifest(storage, "data", kExample));
    const uint64_t before = storage.operation_count();
    bool failed = false;
    bool renamed = false;
    storage.SetHook([&](const storage::Operation& operation) -> absl::Status {
      if (operation.number - before == at) {
        failed = true;
        return absl::ResourceExhaustedError("no space left");
      }
      renamed = renamed || operation.kind == storage::OperationKind::kRename;
      return absl::OkStatus();
    });
    const absl::Status status = StoreManifest(storage, "data", next);
    storage.SetHook(nullptr);
    CHECK(LoadManifest(storage, "data").value() == (renamed ? next : kExample));
    if (!failed) break;
    ++failures;
    CHECK(status.code() == absl::StatusCode::kResourceExhausted);
    REQUIRE_OK(StoreManifest(storage, "data", next));
    CHECK(LoadManifest(storage, "data").value() == next);
  }
  CHECK(failures >= 5);
}

TEST_CASE("the manifest of 10,000 partitions is written and read in milliseconds", "[log][manifest]") {
  Manifest manifest = kExample;
  manifest.partitions.resize(10'000, kExample.partitions[0]);
  using std::chrono::steady_clock;
  const auto start = steady_clock::now();
  const std::string file = EncodeManifest(manifest).value();
  const auto written = steady_clock::now();
  const Manifest decoded = Decode(file).value();
  const auto read = steady_clock::now();
  CHECK(decoded == manifest);
  const std::chrono::duration<double, std::milli> write_time = written - start;
  const std::chrono::duration<double, std::milli> read_time = read - written;
  test::Figure("manifest of 10,000 partitions: %d bytes, written in %.1f ms, read in %.1f ms", file.size(),
               write_time.count(), read_time.count());
  CHECK(write_time.count() + read_time.count() < 500);  // a few ms; the rest is room for sanitizers and busy machines
}

}  // namespace
}  // namespace moldau::log
