// One thread and one epoll for all that a program waits for: a pipe that it reads, a topic that has something for it,
// and a clock. The pipe lists files of this machine; each becomes a record, and their sizes are added up by kind as the
// records come back, durable by then.
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "moldau/moldau.h"

using namespace std::chrono_literals;

namespace {

constexpr const char* kList = "find /usr/include /usr/share/doc -type f -printf '%s %f\\n' 2>/dev/null | head -n 5000";

// Reads what is there and sends each whole line; false at the end.
bool SendLines(int pipe, std::string& rest, moldau::Producer& producer, int& sent) {
  char buffer[16384];
  const ssize_t got = read(pipe, buffer, sizeof(buffer));
  if (got <= 0) return false;
  rest.append(buffer, static_cast<size_t>(got));
  size_t begin = 0;
  for (size_t end; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1) {
    producer.Send("files", {.value = std::string_view(rest).substr(begin, end - begin)}).value();
    ++sent;
  }
  rest.erase(0, begin);
  return true;
}

struct Sum {
  int files = 0;
  long long bytes = 0;
};

// Of a line "SIZE NAME".
void AddUp(const std::string& line, std::map<std::string, Sum>& kinds) {
  const size_t space = line.find(' ');
  const size_t dot = line.find_last_of('.');
  Sum& sum = kinds[space < dot && dot != std::string::npos ? line.substr(dot) : "(none)"];
  ++sum.files;
  sum.bytes += std::atoll(line.c_str());
}

void Print(const std::map<std::string, Sum>& kinds) {
  std::vector<std::pair<std::string, Sum>> sorted(kinds.begin(), kinds.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  if (sorted.size() > 8) sorted.resize(8);
  for (const auto& kind : sorted) {
    std::cout << kind.first << ": " << kind.second.files << " files, " << kind.second.bytes / 1024 << " KiB\n";
  }
}

}  // namespace

int main() {
  auto broker = moldau::Broker::Open({.data_dir = "event_loop.data"}).value();
  broker->OpenTopic("files", {.partitions = 2}).value();
  moldau::Producer producer(*broker);
  auto consumer =
      moldau::Consumer::Subscribe(*broker, {.topics = {"files"}, .auto_offset_reset = moldau::OffsetReset::kLatest})
          .value();

  std::FILE* const list = popen(kList, "r");
  const int pipe = fileno(list);
  const int records = consumer.ReadyDescriptor().value();
  const int clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  const itimerspec every{.it_interval = {0, 100'000'000}, .it_value = {0, 100'000'000}};
  timerfd_settime(clock, 0, &every, nullptr);
  const int loop = epoll_create1(EPOLL_CLOEXEC);
  for (const int fd : {pipe, records, clock}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
  }

  std::string rest;
  std::map<std::string, Sum> kinds;
  bool at_end = false;
  int sent = 0;
  int seen = 0;
  int ticks = 0;
  while ((!at_end || seen < sent) && ticks < 300) {  // 30 s at most
    epoll_event event;
    if (epoll_wait(loop, &event, 1, -1) != 1) continue;
    if (event.data.fd == pipe) {
      at_end = !SendLines(pipe, rest, producer, sent);
      if (at_end) epoll_ctl(loop, EPOLL_CTL_DEL, pipe, nullptr);
    } else if (event.data.fd == records) {
      const moldau::ConsumerRecords polled = consumer.Poll(0ms).value();  // nothing of ours blocks this thread
      for (const auto& record : polled) {
        AddUp(std::string(record.value()), kinds);
        ++seen;
      }
    } else {
      uint64_t passed;
      if (read(clock, &passed, sizeof(passed)) == sizeof(passed)) ticks += static_cast<int>(passed);
      std::cout << sent << " sent, " << seen << " counted" << std::endl;
    }
  }
  Print(kinds);
  std::cout << sent << " files, " << seen << " counted: " << (seen == sent && sent > 0 ? "all there" : "INCOMPLETE")
            << "\n";
  close(loop);
  close(clock);
  pclose(list);
  return seen == sent && sent > 0 ? 0 : 1;
}
