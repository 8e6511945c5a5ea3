#include "moldau/error.h"

#include <string>
#include <string_view>

#include "base/status_builder.h"
#include "support/catch.h"

namespace moldau {

TEST_CASE("a status carries Kafka's code without changing what it says", "[error]") {
  const absl::Status status = WithErrorCode(absl::OutOfRangeError("offset 7"), ErrorCode::kFencedInstanceId);
  CHECK(GetErrorCode(status) == ErrorCode::kFencedInstanceId);
  CHECK(status.code() == absl::StatusCode::kOutOfRange);
  CHECK(std::string(status.message()) == "offset 7");
  CHECK(GetErrorCode(WithErrorCode(status, ErrorCode::kUnknownServerError)) == ErrorCode::kUnknownServerError);
}

TEST_CASE("an OK status has no code to carry", "[error]") {
  CHECK(WithErrorCode(absl::OkStatus(), ErrorCode::kStorageError) == absl::OkStatus());
  CHECK(GetErrorCode(absl::OkStatus()) == ErrorCode::kNone);
}

TEST_CASE("a status without a code gets the nearest by its kind", "[error]") {
  CHECK(GetErrorCode(absl::InvalidArgumentError("")) == ErrorCode::kInvalidRequest);
  CHECK(GetErrorCode(absl::NotFoundError("")) == ErrorCode::kUnknownTopicOrPartition);
  CHECK(GetErrorCode(absl::AlreadyExistsError("")) == ErrorCode::kTopicAlreadyExists);
  CHECK(GetErrorCode(absl::OutOfRangeError("")) == ErrorCode::kOffsetOutOfRange);
  CHECK(GetErrorCode(absl::DeadlineExceededError("")) == ErrorCode::kRequestTimedOut);
  CHECK(GetErrorCode(absl::UnimplementedError("")) == ErrorCode::kUnsupportedVersion);
  CHECK(GetErrorCode(absl::DataLossError("")) == ErrorCode::kStorageError);
  CHECK(GetErrorCode(absl::ResourceExhaustedError("")) == ErrorCode::kStorageError);
  CHECK(GetErrorCode(absl::InternalError("")) == ErrorCode::kUnknownServerError);
}

TEST_CASE("codes have the names of Kafka's protocol", "[error]") {
  CHECK(std::string(ErrorCodeName(ErrorCode::kNone)) == "NONE");
  CHECK(std::string(ErrorCodeName(ErrorCode::kStorageError)) == "KAFKA_STORAGE_ERROR");
  CHECK(std::string(ErrorCodeName(ErrorCode::kInvalidTopic)) == "INVALID_TOPIC_EXCEPTION");
  CHECK(std::string(ErrorCodeName(ErrorCode::kInvalidRecord)) == "INVALID_RECORD");
  CHECK(std::string(ErrorCodeName(static_cast<ErrorCode>(12345))) == "UNKNOWN_SERVER_ERROR");
}

TEST_CASE("errors are built from views, strings and numbers", "[error]") {
  const std::string_view view = "log";
  const absl::Status plain = base::Error(absl::StatusCode::kInternal, "%s: %d of %s", view, 3, std::string("x"));
  CHECK(plain == absl::InternalError("log: 3 of x"));
  const absl::Status coded = base::Error(absl::StatusCode::kNotFound, ErrorCode::kInvalidTopic, "topic %s", view);
  CHECK(std::string(coded.message()) == "topic log");
  CHECK(GetErrorCode(coded) == ErrorCode::kInvalidTopic);
}

}  // namespace moldau
