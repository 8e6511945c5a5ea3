// The disk in memory under random use: against the real one, and against the promise of its flushes.
#include <map>

#include "storage/crash.h"
#include "support/figure.h"
#include "support/scale.h"

namespace moldau::storage {
namespace {

constexpr uint64_t kMaxOffset = 5 * kDiskPage;
constexpr size_t kMaxText = 2 * kDiskPage;
constexpr size_t kMapped = 8 * kDiskPage;  // more than a file can grow to

std::string RandomText(Random& random, size_t max) {
  std::string text(random.Below(max), ' ');
  for (char& c : text) c = static_cast<char>('a' + random.Below(26));
  return text;
}

// One storage as a random program uses it. Each step answers with all that it saw, so that two storages can be
// compared.
class User {
 public:
  User(Storage& storage, std::string root) : storage_(storage), root_(std::move(root)) {}

  std::string Step(Random& random) {
    const std::string name = Name(random);
    switch (random.Below(16)) {
      case 0:
        return Open(name, static_cast<OpenMode>(random.Below(4)));
      case 1:
        return "close " + std::to_string(files_.erase(name));
      case 2:
        return Said(storage_.CreateDirectory(root_ + name));
      case 3:
      case 4:
        return Said(storage_.Rename(root_ + name, root_ + Name(random)));
      case 5:
        return Said(storage_.Remove(root_ + name));
      case 6:
        return List(random.OneIn(2) ? "" : name);
      default:
        return files_.empty() ? "nothing open" : OnFile(random);
    }
  }

 private:
  struct Opened {
    std::unique_ptr<File> file;
    std::unique_ptr<Mapping> mapping;
    bool storable = false;
  };

  // Few names, so that they meet; some below others.
  static std::string Name(Random& random) {
    const std::string top(1, static_cast<char>('a' + random.Below(3)));
    return "/" + (random.OneIn(3) ? top + "/x" : top);
  }

  static std::string Said(const absl::Status& status) { return absl::StatusCodeToString(status.code()); }

  std::string Open(const std::string& name, OpenMode mode) {
    auto file = storage_.Open(root_ + name, mode);
    const std::string said = Said(file.status());
    if (file.ok()) files_[name] = {*std::move(file), nullptr, false};
    return said;
  }

  std::string List(const std::string& name) {
    const auto entries = storage_.List(root_ + name);
    std::string said = Said(entries.status());
    if (!entries.ok()) return said;
    for (const DirectoryEntry& entry : *entries) {
      said += " " + entry.name + (entry.is_directory ? "/" : ":" + std::to_string(entry.size));
    }
    return said;
  }

  std::string OnFile(Random& random) {
    Opened& opened = std::next(files_.begin(), static_cast<ptrdiff_t>(random.Below(files_.size())))->second;
    File& file = *opened.file;
    const uint64_t at = random.Below(kMaxOffset);
    switch (random.Below(9)) {
      case 0:
        return Said(file.Truncate(at));
      case 1:
        return Said(file.Allocate(at));
      case 2:
        return Said(file.Flush());
      case 3:
        return Map(opened, random.OneIn(2) ? MapMode::kRead : MapMode::kReadWrite);
      case 4:
        return StoreAndLook(opened, at);
      case 5:
      case 6:
        return ReadText(file);
      default:
        return Said(file.Write(at, base::AsBytes(RandomText(random, kMaxText))));
    }
  }

  static std::string Map(Opened& opened, MapMode mode) {
    auto mapping = opened.file->Map(kMapped, mode);
    if (!mapping.ok()) return Said(mapping.status());
    opened.mapping = *std::move(mapping);
    opened.storable = mode == MapMode::kReadWrite;
    return "mapped";
  }

  static std::string StoreAndLook(Opened& opened, uint64_t at) {
    if (opened.mapping == nullptr) return "not mapped";
    const uint64_t size = opened.file->Size().value();
    if (opened.storable && at < size) Store(*opened.mapping, at, "!");
    return std::string(Load(*opened.mapping, 0, size));
  }

  Storage& storage_;
  const std::string root_;
  std::map<std::string, Opened> files_;
};

// The bytes of one page of a text, with zeros behind its end.
std::string PageOfText(const std::string& text, size_t page) {
  std::string bytes = page * kDiskPage < text.size() ? text.substr(page * kDiskPage, kDiskPage) : "";
  bytes.resize(kDiskPage, '\0');
  return bytes;
}

// What a file has held since it was last flushed; the first is what was flushed, the last is what it holds now.
using History = std::vector<std::string>;

bool IsPageOf(const History& history, size_t page, const std::string& found, size_t from) {
  return std::any_of(history.begin(), history.end(), [&](const std::string& text) {
    return PageOfText(text, page).compare(from, found.size() - from, found, from) == 0;
  });
}

// The sectors of a torn page are new up to some point and from one earlier time behind it.
bool IsTornPageOf(const History& history, size_t page, const std::string& found) {
  const std::string now = PageOfText(history.back(), page);
  for (size_t split = 0; split < found.size() && now.compare(0, split, found, 0, split) == 0; split += 512) {
    if (IsPageOf(history, page, found, split)) return true;
  }
  return false;
}

// Every page and the size must be of some moment since the last flush; at most one page may be of two.
void CheckAfterCrash(const History& history, const std::string& found) {
  REQUIRE(std::any_of(history.begin(), history.end(), [&](const auto& text) { return text.size() == found.size(); }));
  int torn = 0;
  for (size_t page = 0; page * kDiskPage < found.size(); ++page) {
    const std::string bytes = found.substr(page * kDiskPage, kDiskPage);
    if (IsPageOf(history, page, bytes, 0)) continue;
    ++torn;
    INFO("page " << page);
    REQUIRE(IsTornPageOf(history, page, bytes));
  }
  REQUIRE(torn <= 1);
}

}  // namespace

TEST_CASE("the disk in memory answers as the operating system does", "[storage][contract]") {
  const int runs = test::Scaled(40);
  const int steps = 300;
  for (int seed = 0; seed < runs; ++seed) {
    PosixDisk posix;
    MemoryDiskUnderTest memory;
    User on_posix(posix.storage(), posix.root());
    User on_memory(memory.storage(), memory.root());
    Random of_posix(static_cast<uint64_t>(seed)), of_memory(static_cast<uint64_t>(seed));
    for (int step = 0; step < steps; ++step) {
      INFO("seed " << seed << ", step " << step);
      REQUIRE(on_memory.Step(of_memory) == on_posix.Step(of_posix));
    }
  }
  test::Figure("storage: %d random operations answered alike by memory and the operating system", runs * steps);
}

TEST_CASE("a crash at any moment keeps what was flushed, and of the rest only what was written", "[storage][crash]") {
  const int runs = test::Scaled(100);
  const int steps = 60;
  for (int seed = 0; seed < runs; ++seed) {
    Random random(static_cast<uint64_t>(seed));
    DiskWithDirectory disk;
    const auto file = disk.FlushedFile("d/log", "");
    std::unique_ptr<Mapping> mapping;
    History history{""};
    for (int step = 0; step < steps; ++step) {
      INFO("seed " << seed << ", step " << step);
      switch (random.Below(8)) {
        case 0:
          REQUIRE_OK(file->Flush());
          history = {history.back()};
          break;
        case 1:
          mapping = mapping == nullptr ? MapFile(*file, kMapped) : nullptr;
          break;
        case 2:
          disk.storage.WriteBackSome(random);
          break;
        default: {
          std::string text = history.back();
          const std::string change = RandomText(random, kMaxText);
          const uint64_t at = random.Below(std::min<uint64_t>(text.size() + 1, kMaxOffset));
          text.resize(std::max(text.size(), at + change.size()), '\0');
          text.replace(at, change.size(), change);
          if (mapping == nullptr || random.OneIn(2)) {
            WriteText(*file, at, change);
          } else {
            REQUIRE_OK(file->Allocate(text.size()));
            Store(*mapping, at, change);
          }
          history.push_back(std::move(text));
          break;
        }
      }
      const std::optional<std::string> found = After(disk.storage, disk.storage.RandomPlan(random), "d/log");
      REQUIRE(found);
      CheckAfterCrash(history, *found);
    }
    REQUIRE(ReadText(*file) == history.back());
  }
  test::Figure("storage: %d random crashes kept what was flushed", runs * steps);
}

TEST_CASE("a random plan is the same under the same seed", "[storage][crash]") {
  DiskWithDirectory disk;
  WriteText(*OpenFile(disk.storage, "d/log"), 0, std::string(100 * kDiskPage, 'x'));
  Random a(1), b(1), c(2);
  const auto first = disk.storage.RandomPlan(a);
  CHECK(first.pages.size() == 100);
  CHECK(first.metadata.size() == 2);
  const auto same = disk.storage.RandomPlan(b);
  CHECK((same.pages == first.pages && same.metadata == first.metadata && same.torn == first.torn));
  bool differs = false;
  for (int i = 0; i < 10; ++i) differs |= disk.storage.RandomPlan(c).pages != first.pages;
  CHECK(differs);
}

TEST_CASE("ten thousand small files are cheap", "[storage]") {
  DiskWithDirectory disk;
  for (int i = 0; i < 10'000; ++i) CreateFile(disk.storage, "d/" + std::to_string(i), "x");
  REQUIRE_OK(disk.storage.FlushDirectory("d"));
  CHECK(disk.storage.used_bytes() == 10'000 * kDiskPage);
  CHECK(disk.storage.pending().pages.size() == 10'000);
  const auto image = disk.storage.CrashImage(Keep::Everything(disk.storage));
  CHECK(image->List("d").value().size() == 10'000);
}

}  // namespace moldau::storage
