// The program of a peer: started once, told one turn per line, stopped when its input ends.
//
// Threads: one.   Ownership: ends its process when destroyed.   Failure: a peer that fails ends the program, named.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "peer.h"

namespace moldau::bench {

class Program {
 public:
  explicit Program(std::vector<std::string> command);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // What it answers to this turn.
  double Run(const Turn& turn);

  // The next line that it prints, without its end.
  std::string ReadLine();

  [[nodiscard]] pid_t id() const { return process_; }

 private:
  std::string name_;
  pid_t process_ = -1;
  int to_ = -1;    // its input
  int from_ = -1;  // its output
};

// What a program needs that opens a broker in an empty directory, writes one record, reads it, and then does nothing.
struct FirstRecord {
  double seconds = 0;     // from its start to the record
  double own_bytes = 0;   // idle: RssAnon and RssShmem
  double file_bytes = 0;  // idle: RssFile, which the page cache has anyway
};

// Runs such a program, which says on a line that it has read the record.
FirstRecord StartAndRead(std::vector<std::string> command);

}  // namespace moldau::bench
