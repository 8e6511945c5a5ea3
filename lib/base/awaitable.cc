#include "moldau/awaitable.h"

#include "base/contained.h"

namespace moldau {

Awaitable<absl::Status> WaitAsync(Receipt receipt, Executor& executor) {
  using Done = Awaitable<absl::Status>::Done;
  return Awaitable<absl::Status>([receipt = std::move(receipt), &executor](const std::stop_token&, Done done) {
    receipt.OnDone([&executor, done = std::move(done)](const absl::Status& status) mutable {
      executor.Post([done = std::move(done), status]() mutable {
        base::RunContained([&] { std::move(done)(std::move(status)); });
      });
    });
  });
}

}  // namespace moldau
