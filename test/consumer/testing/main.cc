// A test of a program as its author would write it: exits with 0 if a day can be made to pass.
#include <moldau/testing/memory_broker.h>

#include <chrono>

int main() {
  auto broker = moldau::testing::MemoryBroker::Open();
  if (!broker.ok()) return 1;
  const moldau::MonoTime before = broker->clock().Now();
  broker->Advance(std::chrono::hours(24));
  return broker->clock().Now() - before == std::chrono::hours(24) ? 0 : 1;
}
