// A pipe between processes: says when the other side has got somewhere, and carries what it wrote.
#pragma once

#include <unistd.h>

#include <string>

#include "support/catch.h"

namespace moldau::test {

class Pipe {
 public:
  Pipe() { REQUIRE(pipe(ends_) == 0); }
  ~Pipe() {
    CloseRead();
    CloseWrite();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int write_end() const { return ends_[1]; }

  // Tells the reader to go on. True if it worked.
  bool Signal() const { return write(ends_[1], "x", 1) == 1; }

  // Waits for Signal; false if all writers are gone.
  bool Await() const {
    char byte;
    return read(ends_[0], &byte, 1) == 1;
  }

  // Reads until all writers are gone.
  std::string ReadAll() {
    CloseWrite();
    std::string text;
    char buffer[512];
    for (ssize_t got; (got = read(ends_[0], buffer, sizeof(buffer))) > 0;)
      text.append(buffer, static_cast<size_t>(got));
    return text;
  }

  void CloseRead() { Close(ends_[0]); }
  void CloseWrite() { Close(ends_[1]); }

 private:
  static void Close(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }

  int ends_[2];
};

}  // namespace moldau::test
