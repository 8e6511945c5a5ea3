#include "harness/floors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "moldau/base/crc32c.h"

namespace moldau::bench {

TouchedMemory::TouchedMemory(size_t size)
    : data_(static_cast<std::byte*>(
          mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0))),
      size_(size) {
  if (data_ == MAP_FAILED) Die("cannot map memory");
  std::memset(data_, 1, size_);
}

TouchedMemory::~TouchedMemory() { munmap(data_, size_); }

double CopyAndChecksumSeconds(const Messages& messages, size_t per_batch, int64_t batches,
                              const TouchedMemory& memory) {
  const size_t batch_bytes = per_batch * messages.size();
  std::byte* to = memory.data();
  uint32_t checksums = 0;
  const double seconds = SecondsOf([&] {
    size_t message = 0;
    for (int64_t batch = 0; batch < batches; ++batch) {
      if (to + batch_bytes > memory.data() + memory.size()) to = memory.data();
      std::byte* const begin = to;
      for (size_t i = 0; i < per_batch; ++i, to += messages.size()) {
        std::memcpy(to, messages.at(message++).data(), messages.size());
      }
      checksums ^= base::Crc32c(begin, batch_bytes);
    }
  });
  Keep(checksums);
  return seconds;
}

double ReadBandwidth(std::span<const std::span<const std::byte>> ranges) {
  constexpr size_t kLanes = 16;
  uint64_t sums[kLanes] = {};
  size_t bytes = 0;
  const double seconds = SecondsOf([&] {
    for (const std::span<const std::byte> range : ranges) {
      const std::byte* at = range.data();
      for (size_t left = range.size() / sizeof sums; left > 0; --left, at += sizeof sums) {
        uint64_t words[kLanes];
        std::memcpy(words, at, sizeof words);
        for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += words[lane];
      }
      bytes += range.size();
    }
  });
  for (const uint64_t sum : sums) Keep(sum);
  return static_cast<double>(bytes) / seconds;
}

double PingPongSeconds(int64_t rounds) {
  struct alignas(128) Line {
    std::atomic<int64_t> value{0};
  };
  Line there, back;
  std::thread other([&] {
    for (int64_t i = 1; i <= rounds; ++i) {
      while (there.value.load(std::memory_order_acquire) != i) {
      }
      back.value.store(i, std::memory_order_release);
    }
  });
  // Some at a time, so that reading the clock does not count.
  constexpr int64_t kTripsPerLook = 16;
  std::vector<double> trips;
  for (int64_t i = 1; i <= rounds;) {
    const int64_t end = std::min(rounds + 1, i + kTripsPerLook);
    const auto count = static_cast<double>(end - i);
    trips.push_back(SecondsOf([&] {
                      for (; i < end; ++i) {
                        there.value.store(i, std::memory_order_release);
                        while (back.value.load(std::memory_order_acquire) != i) {
                        }
                      }
                    }) /
                    count);
  }
  other.join();
  return MedianOf(std::move(trips)) / 2;
}

double ClockSeconds() {
  std::vector<double> looks;
  for (int i = 0; i < 1001; ++i) looks.push_back(SecondsOf([] {}));
  return MedianOf(std::move(looks));
}

PreparedFile::PreparedFile(const std::string& path, size_t size)
    : descriptor_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640)) {
  if (descriptor_ < 0 || posix_fallocate(descriptor_, 0, static_cast<off_t>(size)) != 0) Die("cannot make " + path);
  const std::vector<std::byte> zeros(64 << 10);
  for (size_t at = 0; at < size; at += zeros.size()) {
    if (pwrite(descriptor_, zeros.data(), zeros.size(), static_cast<off_t>(at)) < 0) Die("cannot write " + path);
  }
  fsync(descriptor_);
}

PreparedFile::~PreparedFile() { close(descriptor_); }

double PreparedFile::WriteAndSync(std::span<const std::byte> bytes) {
  const double seconds = SecondsOf([&] {
    if (pwrite(descriptor_, bytes.data(), bytes.size(), at_) != static_cast<ssize_t>(bytes.size()) ||
        fdatasync(descriptor_) != 0) {
      Die("cannot write and flush the floor's file");
    }
  });
  at_ += static_cast<int64_t>(bytes.size());
  return seconds;
}

}  // namespace moldau::bench
