#include "kept_rows.h"

#include <fstream>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "harness/support.h"

namespace moldau::bench {

KeptRows::KeptRows(std::string path) : path_(std::move(path)) {
  std::ifstream in(path_);
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    Row row;
    if (fields.size() != 6 || !absl::SimpleAtod(fields[1], &row.value) || !absl::SimpleAtod(fields[2], &row.spread)) {
      Die(path_ + ": not a row: " + line);
    }
    row.ours = fields[3];
    row.theirs = fields[4];
    row.why_noisy = fields[5];
    rows_[fields[0]] = std::move(row);
  }
}

const Row* KeptRows::Find(const std::string& figure) const {
  const auto found = rows_.find(figure);
  return found == rows_.end() ? nullptr : &found->second;
}

void KeptRows::Keep(const std::string& figure, Row row) {
  rows_[figure] = std::move(row);
  if (path_.empty()) return;
  std::ofstream out(path_);
  for (const auto& [name, kept] : rows_) {
    out << absl::StrFormat("%s\t%.6g\t%.4g\t%s\t%s\t%s\n", name, kept.value, kept.spread, kept.ours, kept.theirs,
                           kept.why_noisy);
  }
  if (!out.flush()) Die("cannot write " + path_);
}

}  // namespace moldau::bench
