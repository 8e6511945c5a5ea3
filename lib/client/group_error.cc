#include "client/group_error.h"

#include "base/status_builder.h"

namespace moldau::client {
namespace {

absl::StatusCode CanonicalCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnknownTopicOrPartition:
    case ErrorCode::kGroupIdNotFound:
      return absl::StatusCode::kNotFound;
    case ErrorCode::kInvalidGroupId:
    case ErrorCode::kInvalidRequest:
    case ErrorCode::kInvalidSessionTimeout:
    case ErrorCode::kOffsetMetadataTooLarge:
      return absl::StatusCode::kInvalidArgument;
    case ErrorCode::kFencedInstanceId:
    case ErrorCode::kGroupMaxSizeReached:
    case ErrorCode::kIllegalGeneration:
    case ErrorCode::kInconsistentGroupProtocol:
    case ErrorCode::kRebalanceInProgress:
    case ErrorCode::kUnknownMemberId:
      return absl::StatusCode::kFailedPrecondition;
    case ErrorCode::kCoordinatorNotAvailable:
    case ErrorCode::kNotCoordinator:
      return absl::StatusCode::kUnavailable;
    case ErrorCode::kStorageError:
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::StatusCode::kUnknown;
  }
}

}  // namespace

absl::Status GroupError(ErrorCode code, std::string_view group, std::string_view what) {
  return base::Error(CanonicalCode(code), code, "group %s: %s: %s", group, what, ErrorCodeName(code));
}

}  // namespace moldau::client
