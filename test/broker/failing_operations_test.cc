#include "failing_operations.h"

#include "support/figure.h"
#include "support/scale.h"

namespace moldau::test {
namespace {

void FailEach(Failing failing, FailingOperations::Error error, const char* what) {
  const auto step = static_cast<uint64_t>(std::max(1.0, 1 / Scale()));
  FailingOperations operations(failing, std::move(error));
  operations.Run(step);
  CHECK(operations.lives() > static_cast<int>(200 / step));
  Figure("failing storage operations, %s: each %s of %d, until a life of a broker met none", what,
         step == 1 ? "one" : absl::StrFormat("%dth", step), operations.operations());
}

TEST_CASE("an input/output error at any operation loses nothing that was acknowledged", "[broker][failing]") {
  FailEach(Failing::kOnce, FailingOperations::IoError, "an i/o error once");
}

TEST_CASE("a disk that dies at any operation loses nothing that was acknowledged", "[broker][failing]") {
  FailEach(Failing::kFromThenOn, FailingOperations::IoError, "i/o errors from then on");
}

TEST_CASE("a disk that is full at any operation loses nothing that was acknowledged", "[broker][failing]") {
  FailEach(Failing::kOnce, FailingOperations::NoSpace, "no space once");
  FailEach(Failing::kFromThenOn, FailingOperations::NoSpace, "no space from then on");
}

}  // namespace
}  // namespace moldau::test
