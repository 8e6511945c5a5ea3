// Checks what a host asks of a producer.
#pragma once

#include "absl/status/status.h"
#include "moldau/producer.h"

namespace moldau::client {

// OK, or InvalidArgument naming every problem.
absl::Status Validate(const ProducerOptions& options);

}  // namespace moldau::client
