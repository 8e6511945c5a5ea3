// A real file system of a few pages, mounted for one test: the only honest way to see a full disk. The mount lives in a
// mount namespace of the test process, so that nothing is left behind however the test ends.
#pragma once

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "support/catch.h"
#include "support/temp_dir.h"

namespace moldau::test {

class SmallDisk {
 public:
  enum class Kind { kTmpfs, kRamfs, kExt4 };

  // `size_kib` has no meaning for ramfs, which has no limit (and reserves no space ahead).
  SmallDisk(Kind kind, int size_kib) {
    if (!OwnNamespace()) {
      Refuse("enter a mount namespace");
    } else if (kind == Kind::kExt4) {
      MountExt4(size_kib);
    } else {
      const std::string options = kind == Kind::kTmpfs ? "size=" + std::to_string(size_kib) + "k" : "";
      const char* name = kind == Kind::kTmpfs ? "tmpfs" : "ramfs";
      if (mount(name, directory_.path().c_str(), name, 0, options.c_str()) != 0) Refuse(std::string("mount a ") + name);
    }
  }
  ~SmallDisk() {
    if (mounted()) umount2(directory_.path().c_str(), MNT_DETACH);
  }

  // False if this process may not mount; why_not() then says what was refused.
  [[nodiscard]] bool mounted() const { return why_not_.empty(); }
  [[nodiscard]] const std::string& why_not() const { return why_not_; }

  [[nodiscard]] std::string operator/(const std::string& name) const { return directory_ / name; }

 private:
  static bool OwnNamespace() {
    static const bool own =
        unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    return own;
  }

  void MountExt4(int size_kib) {
    const std::string image = image_directory_ / "image";
    const std::string command = "truncate -s " + std::to_string(size_kib) + "K " + image + " && mkfs.ext4 -q " + image +
                                " && mount -o loop " + image + " " + directory_.path() + " 2>/dev/null >/dev/null";
    errno = ENOTSUP;
    if (std::system(command.c_str()) != 0) Refuse("make an ext4 file system and mount it through a loop device");
  }

  void Refuse(const std::string& what) { why_not_ = "cannot " + what + ": " + std::strerror(errno); }

  TempDir image_directory_;
  TempDir directory_;
  std::string why_not_;
};

}  // namespace moldau::test
