// The command line of a benchmark program.
//
// Threads: one.   Ownership: borrows the command line.   Failure: as harness/support.h.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "harness/support.h"

namespace moldau::bench {

// What all of them understand.
struct CommonArguments {
  std::string json;
  std::set<std::string> only;  // figures; empty: all
  std::string directory = ".";
  int repeats = 5;
  bool smoke = false;

  [[nodiscard]] bool IsWanted(const std::string& figure) const { return only.empty() || only.contains(figure); }

  // Ends the program if --only names a figure that is not among these. `name_of` gives the name of each.
  template <typename Figures, typename NameOf>
  void CheckNames(const Figures& figures, NameOf&& name_of) const {
    for (const std::string& name : only) {
      const auto has_name = [&](const auto& figure) { return name_of(figure) == name; };
      if (std::none_of(figures.begin(), figures.end(), has_name)) Die("--only: there is no figure " + name);
    }
  }
};

class ArgumentReader {
 public:
  ArgumentReader(int argc, char** argv) : argc_(argc), argv_(argv) {}

  // Goes on to the next word.
  bool Next() { return ++at_ < argc_; }
  [[nodiscard]] std::string word() const { return argv_[at_]; }
  // The word behind this one, which it needs; goes on to it.
  std::string Value();

  // Whether the word was one of the common ones, which is then in `arguments` with its value.
  bool Take(CommonArguments& arguments);

 private:
  int argc_;
  char** argv_;
  int at_ = 0;
};

}  // namespace moldau::bench
