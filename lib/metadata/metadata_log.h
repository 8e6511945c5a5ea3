// The topics and producer ids of a data directory as a log of decisions, `__cluster_metadata-0`, and the image that
// they add up to. A topic is there once its records are flushed; opening replays them.
//
// Threads: not safe; the owner guards it.   Ownership: owns its log.
// Failure: DataLoss naming file and position if the log is damaged: without it nothing is known for certain, so nothing
// opens.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "log/log.h"
#include "metadata/metadata_record.h"
#include "metadata/topic_image.h"

namespace moldau::metadata {

inline constexpr std::string_view kMetadataTopic = "__cluster_metadata";
inline constexpr Uuid kMetadataTopicId{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};  // Kafka's

// Where decisions about topics become facts: the one way in which the cluster changes.
class MetadataAppender {
 public:
  virtual ~MetadataAppender() = default;

  // Makes `records` part of the log and of the image: all or nothing, in order, durable when it returns OK. After an
  // error the image is unchanged; whether the records were stored is known only after the next start.
  virtual absl::Status Append(std::span<const MetadataRecord> records) = 0;

  [[nodiscard]] virtual const TopicImage& image() const = 0;
};

// The log of one node that decides alone.
class MetadataLog final : public MetadataAppender {
 public:
  // Opens and replays the log in `data_dir`.
  static absl::StatusOr<std::unique_ptr<MetadataLog>> Open(const log::LogEnvironment& environment,
                                                           const std::string& data_dir, const log::Log::Known& known);

  absl::Status Append(std::span<const MetadataRecord> records) override;
  [[nodiscard]] const TopicImage& image() const override { return image_; }

  [[nodiscard]] log::Log& log() noexcept { return *log_; }

 private:
  explicit MetadataLog(std::unique_ptr<log::Log> log) : log_(std::move(log)) {}
  absl::Status Replay();
  absl::Status ReplayBatches(std::span<const std::byte> batches);

  std::unique_ptr<log::Log> log_;
  TopicImage image_;
};

}  // namespace moldau::metadata
