// Redis Streams: a server with an append-only file, reached through a Unix socket, which it answers faster than TCP.
#include <hiredis/hiredis.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <thread>
#include <vector>

#include "peer.h"

namespace {

using namespace moldau::bench;

// Runs in `directory` as long as the object lives.
class Server {
 public:
  // `fsync` is Redis's appendfsync: everysec, or always.
  Server(const std::string& directory, const char* fsync) : process_(fork()) {
    if (process_ == 0) {
      if (mkdir(directory.c_str(), 0750) != 0 || chdir(directory.c_str()) != 0) Fail("redis: " + directory);
      execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", "redis.sock", "--save", "", "--appendonly",
             "yes", "--appendfsync", fsync, "--auto-aof-rewrite-percentage", "0", "--maxclients", "200", "--logfile",
             "redis.log", nullptr);
      _exit(127);
    }
  }
  ~Server() {
    kill(process_, SIGTERM);
    waitpid(process_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // By way of the process, because the path of a socket may not be long.
  std::string socket() const { return "/proc/" + std::to_string(process_) + "/cwd/redis.sock"; }

 private:
  pid_t process_;
};

class Client {
 public:
  // Waits until the server is there.
  explicit Client(const Server& server) {
    constexpr int kTries = 2000;
    for (int i = 0; i < kTries; ++i) {
      context_ = redisConnectUnix(server.socket().c_str());
      if (context_ != nullptr && context_->err == 0) return;
      redisFree(context_);
      usleep(5000);
    }
    Fail("redis: the server does not start");
  }
  ~Client() { redisFree(context_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void PutAdd(const std::string& message) {
    const char* words[] = {"XADD", "log", "*", "v", message.data()};
    const size_t sizes[] = {4, 3, 1, 1, message.size()};
    redisAppendCommandArgv(context_, 5, words, sizes);
  }
  void PutAcknowledge(const redisReply& entry) {
    const redisReply& id = *entry.element[0];
    const char* words[] = {"XACK", "log", "workers", id.str};
    const size_t sizes[] = {4, 3, 7, id.len};
    redisAppendCommandArgv(context_, 4, words, sizes);
  }

  void Take() { freeReplyObject(Next()); }

  // The reply to one command; freed by the caller.
  redisReply* Ask(const std::string& command) {
    redisAppendCommand(context_, command.c_str());
    return Next();
  }

 private:
  redisReply* Next() {
    void* reply = nullptr;
    if (redisGetReply(context_, &reply) != REDIS_OK) Fail("redis: the connection is gone");
    auto* const result = static_cast<redisReply*>(reply);
    if (result->type == REDIS_REPLY_ERROR) Fail(std::string("redis: ") + result->str);
    return result;
  }

  redisContext* context_ = nullptr;
};

void AddAll(Client& client, const Turn& turn) {
  constexpr int64_t kPipeline = 100;
  const std::string message = Payload(turn.message_bytes);
  for (int64_t i = 0; i < turn.records; i += kPipeline) {
    const int64_t count = std::min(kPipeline, turn.records - i);
    for (int64_t j = 0; j < count; ++j) client.PutAdd(message);
    for (int64_t j = 0; j < count; ++j) client.Take();
  }
}

double Send(const Turn& turn) {
  const Server server(turn.directory, "everysec");
  Client client(server);
  const double begin = Now();
  AddAll(client, turn);
  return static_cast<double>(turn.records) / (Now() - begin);
}

// 64 connections, each waiting for its own record; the server flushes once for all that it has read in one round.
double Flushed(const Turn& turn) {
  constexpr int64_t kWriters = 64;
  const Server server(turn.directory, "always");
  const std::string message = Payload(turn.message_bytes);
  std::vector<std::unique_ptr<Client>> clients;
  for (int64_t i = 0; i < kWriters; ++i) clients.push_back(std::make_unique<Client>(server));
  const double begin = Now();
  std::vector<std::jthread> writers;
  for (const auto& client : clients) {
    writers.emplace_back([&] {
      for (int64_t i = 0; i < turn.records / kWriters; ++i) {
        client->PutAdd(message);
        client->Take();
      }
    });
  }
  writers.clear();
  return static_cast<double>(turn.records) / (Now() - begin);
}

// Four consumers of one group: each reads up to a hundred and acknowledges every record by a command of its own.
double Queue(const Turn& turn) {
  constexpr int kConsumers = 4;
  const Server server(turn.directory, "everysec");
  {
    Client client(server);
    AddAll(client, turn);
    freeReplyObject(client.Ask("XGROUP CREATE log workers 0"));
  }
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < kConsumers; ++i) clients.push_back(std::make_unique<Client>(server));
  const double begin = Now();
  std::vector<std::jthread> consumers;
  for (int i = 0; i < kConsumers; ++i) {
    consumers.emplace_back([&, i] {
      Client& client = *clients[static_cast<size_t>(i)];
      const std::string read = "XREADGROUP GROUP workers " + std::to_string(i) + " COUNT 100 STREAMS log >";
      for (;;) {
        redisReply* const reply = client.Ask(read);
        const bool none = reply->type == REDIS_REPLY_NIL;
        if (!none) {
          const redisReply& entries = *reply->element[0]->element[1];
          for (size_t j = 0; j < entries.elements; ++j) client.PutAcknowledge(*entries.element[j]);
          for (size_t j = 0; j < entries.elements; ++j) client.Take();
        }
        freeReplyObject(reply);
        if (none) return;
      }
    });
  }
  consumers.clear();
  return static_cast<double>(turn.records) / (Now() - begin);
}

}  // namespace

int main() {
  return Serve([](const Turn& turn) {
    if (turn.workload == "send") return Send(turn);
    if (turn.workload == "flushed_64") return Flushed(turn);
    if (turn.workload == "queue") return Queue(turn);
    Fail("no such workload: " + turn.workload);
  });
}
