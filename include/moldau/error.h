// Errors as values. Every fallible call returns absl::Status or absl::StatusOr; where Kafka has a code for what went
// wrong, the status carries it, so that an embedded program and a remote client can react to the same number.
//
// Threads: all functions are safe to call at any time.   Ownership: none.
// Failure: none of these functions fails.   Source: Kafka protocol, error codes.
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace moldau {

// Kafka's error codes, by Kafka's names and numbers.
enum class ErrorCode : int16_t {
  kUnknownServerError = -1,
  kNone = 0,
  kOffsetOutOfRange = 1,
  kCorruptMessage = 2,
  kUnknownTopicOrPartition = 3,
  kLeaderNotAvailable = 5,
  kNotLeaderOrFollower = 6,
  kRequestTimedOut = 7,
  kMessageTooLarge = 10,
  kOffsetMetadataTooLarge = 12,
  kCoordinatorNotAvailable = 15,
  kNotCoordinator = 16,
  kInvalidTopic = 17,
  kRecordListTooLarge = 18,
  kInvalidRequiredAcks = 21,
  kIllegalGeneration = 22,
  kInconsistentGroupProtocol = 23,
  kInvalidGroupId = 24,
  kUnknownMemberId = 25,
  kInvalidSessionTimeout = 26,
  kRebalanceInProgress = 27,
  kInvalidTimestamp = 32,
  kUnsupportedVersion = 35,
  kTopicAlreadyExists = 36,
  kInvalidPartitions = 37,
  kInvalidReplicationFactor = 38,
  kInvalidConfig = 40,
  kInvalidRequest = 42,
  kPolicyViolation = 44,
  kOutOfOrderSequenceNumber = 45,
  kDuplicateSequenceNumber = 46,
  kInvalidProducerEpoch = 47,
  kStorageError = 56,
  kNonEmptyGroup = 68,
  kGroupIdNotFound = 69,
  kUnsupportedCompressionType = 76,
  kMemberIdRequired = 79,
  kGroupMaxSizeReached = 81,
  kFencedInstanceId = 82,
  kGroupSubscribedToTopic = 86,
  kInvalidRecord = 87,
  kInvalidRecordState = 121,
};

// Kafka's name of a code, such as "OFFSET_OUT_OF_RANGE"; "UNKNOWN_SERVER_ERROR" for a number Moldau does not know.
[[nodiscard]] const char* ErrorCodeName(ErrorCode code);

// `status` with `code` attached. An OK status is returned as it is.
[[nodiscard]] absl::Status WithErrorCode(absl::Status status, ErrorCode code);

// The code that a status carries; kNone for an OK status; for one without a code the nearest by its canonical code,
// else kUnknownServerError.
[[nodiscard]] ErrorCode GetErrorCode(const absl::Status& status);

}  // namespace moldau
