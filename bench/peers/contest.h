// Measures comparisons: the peer and Moldau in turns, each with a directory of its own and after the disk has become
// quiet.
//
// Threads: one.   Ownership: ends the programs that it started.   Failure: as harness/support.h.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "comparison.h"
#include "harness/figure.h"
#include "harness/support.h"
#include "program.h"

namespace moldau::bench {

// The programs of the peers, each started when it is first needed: a virtual machine is warm after its first turn.
class Programs {
 public:
  explicit Programs(std::string directory) : directory_(std::move(directory)) {}
  [[nodiscard]] std::string PathOf(const std::string& peer) const { return directory_ + "/" + peer + "/peer"; }
  Program& Of(const std::string& peer);

 private:
  std::string directory_;
  std::map<std::string, std::unique_ptr<Program>> programs_;
};

class Contest {
 public:
  Contest(Comparison comparison, Programs* programs);

  // One turn of each. The first turns are warm-up and not counted; who begins changes every time.
  Sample Measure();

  // For the table and what stands under it; `measure` refers to this object.
  [[nodiscard]] const Comparison& comparison() const { return comparison_; }
  [[nodiscard]] Figure figure();

  // One turn of Moldau's.
  double RunOurs();

  // Medians of the turns, for people; those of repeats that were taken again count, too.
  [[nodiscard]] std::string ours() const { return Show(ours_); }
  [[nodiscard]] std::string theirs() const { return Show(theirs_); }

 private:
  struct Side {
    std::vector<double> values;  // of the turns that were counted
    double file_bytes = 0;       // RssFile of the last turn, for programs that were started to read a first record
  };
  double RunTheirs();
  double RunFirstRecord(std::vector<std::string> command, Side& side);
  [[nodiscard]] std::string Show(const Side& side) const;

  Comparison comparison_;
  Programs* programs_;
  bool warm_ = false;
  Side ours_;
  Side theirs_;
};

}  // namespace moldau::bench
