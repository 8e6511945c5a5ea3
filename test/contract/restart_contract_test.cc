// What is still there after a back end was stopped and started again, and the low-level way in.
#include <cstring>

#include "contract/clients.h"

namespace moldau::contract {
namespace {

TEST_CASE("topics, records and committed offsets are there after a restart", "[contract][restart]") {
  OnEachBackend(
      [](Environment& environment) {
        REQUIRE_OK(environment.CreateTopic("orders", {.partitions = 2, .config = {{"retention.ms", "-1"}}}));
        Send(environment, {"a", "b", "c"}, 1);
        const Uuid id = environment.DescribeTopic("orders")->id;
        {
          Consumer consumer = Subscribed(environment, {.group = "baristas", .enable_auto_commit = false});
          CHECK(Read(consumer, 3).size() == 3);
          REQUIRE_OK(consumer.Commit({{{"orders", 1}, 2}}));
        }
        REQUIRE_OK(environment.Restart());
        CHECK(environment.DescribeTopic("orders")->id == id);
        CHECK(environment.DescribeTopic("orders")->partition_count == 2);
        Consumer consumer = Subscribed(environment, {.group = "baristas"});
        CHECK((ReadValues(consumer, 1) == Strings{"c"}));
      },
      &Abilities::restart);
}

TEST_CASE("what a queue has done stays done over a restart, and what was in flight is free", "[contract][restart]") {
  OnEachBackend(
      [](Environment& environment) {
        if (!environment.can().queues) return;
        {
          Queue queue = OpenQueue(environment, {.partitions = 1});
          for (const char* value : {"done", "in flight"}) REQUIRE_OK(queue.Send({.value = value})->Wait());
          auto leases = queue.ReceiveMany(2, 1h);
          REQUIRE_OK(leases);
          REQUIRE(leases->size() == 2);
          REQUIRE_OK(leases->front().Ack());
          REQUIRE_OK(queue.Commit());
          REQUIRE_OK(environment.Restart());
        }
        Queue queue = OpenQueue(environment);
        auto lease = queue.Receive(1h);
        REQUIRE_OK(lease);
        CHECK(lease->value() == "in flight");
        CHECK(lease->delivery_count() == 2);
      },
      &Abilities::restart);
}

TEST_CASE("clients of before a restart answer that they are cancelled", "[contract][restart]") {
  OnEachBackend(
      [](Environment& environment) {
        Create(environment, "orders");
        Producer producer = MakeProducer(environment);
        Consumer consumer = Subscribed(environment);
        REQUIRE_OK(environment.Restart());
        CHECK(absl::IsCancelled(producer.Send("orders", {.value = "v"}).status()));
        CHECK(absl::IsCancelled(consumer.Poll(1h).status()));
      },
      &Abilities::restart);
}

TEST_CASE("what is written into a partition itself is what a consumer reads", "[contract][partition]") {
  OnEachBackend(
      [](Environment& environment) {
        Create(environment, "orders");
        auto partition = environment.OpenPartition(kOrders0);
        REQUIRE_OK(partition);
        REQUIRE_OK(partition->Append({.value = "one"}));
        const Record records[] = {{.value = "two"}, {.value = "three"}};
        REQUIRE_OK(partition->Append(records));
        {
          auto claim = partition->BeginClaim("key", 4);
          REQUIRE_OK(claim);
          std::memcpy(claim->value().data(), "four", 4);
          REQUIRE_OK(claim->Commit()->Wait());
        }
        Consumer consumer = Subscribed(environment);
        CHECK((ReadValues(consumer, 4) == Strings{"one", "two", "three", "four"}));
        CHECK(partition->high_watermark().value() == 4);
      },
      &Abilities::partitions);
}

}  // namespace
}  // namespace moldau::contract
